// The arithmetic of a chart.

/** Round numbers from 0 to at least `max`, about `count` of them. */
export function ticks(max: number, count = 4): readonly number[] {
  if (max <= 0) return [0, 1];
  const rough = max / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power);
  return Array.from({ length: Math.ceil(max / step) + 1 }, (_, index) => index * step);
}

/** Which labels of an axis fit: every n-th, the last one always. */
export function every(count: number, width: number, labelWidth: number): (index: number) => boolean {
  const step = Math.max(1, Math.ceil((count * labelWidth) / Math.max(1, width)));
  return (index) => (count - 1 - index) % step === 0;
}
