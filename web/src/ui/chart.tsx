import { type KeyboardEvent, type PointerEvent, useEffect, useRef, useState } from 'react';
import { compact, number } from '../i18n/format';
import { useCommon } from '../i18n/words';
import { every, ticks } from './chart-scale';
import { TableBox } from './table-box';

export interface Series {
  readonly id: string;
  readonly label: string;
  /** Bars stand on each other, lines lie over them. */
  readonly kind: 'bar' | 'line';
  readonly shade: 1 | 2 | 3 | 4 | 5;
  readonly values: readonly number[];
}

interface ChartProps {
  label: string;
  /** Of the x axis, and the same in full. */
  points: readonly { readonly id: string; readonly short: string; readonly full: string }[];
  series: readonly Series[];
}

const HEIGHT = 200;
const LEFT = 40;
const BOTTOM = 24;
const TOP = 8;
const LABEL = 52;

/** Bars and lines over time. The arrow keys go from point to point; the same numbers are there as a table. */
export function Chart({ label, points, series }: ChartProps) {
  const [box, width] = useWidth();
  const [at, setAt] = useState<number | null>(null);
  const bars = series.filter(({ kind }) => kind === 'bar');
  const lines = series.filter(({ kind }) => kind === 'line');
  const stacked = points.map((_, index) => bars.reduce((sum, { values }) => sum + (values[index] ?? 0), 0));
  const scale = ticks(Math.max(...stacked, ...lines.flatMap(({ values }) => values), 0));
  const top = scale.at(-1) ?? 1;
  const step = Math.max(1, width - LEFT) / Math.max(1, points.length);
  const x = (index: number) => LEFT + step * (index + 0.5);
  const y = (value: number) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / top);
  const labelled = every(points.length, width - LEFT, LABEL);

  function onPointer(event: PointerEvent<SVGSVGElement>) {
    const left = event.currentTarget.getBoundingClientRect().left;
    setAt(Math.max(0, Math.min(points.length - 1, Math.floor((event.clientX - left - LEFT) / step))));
  }

  function onKey(event: KeyboardEvent) {
    const from = at ?? points.length;
    const to = { ArrowLeft: from - 1, ArrowRight: at === null ? 0 : from + 1, Home: 0, End: points.length - 1 }[
      event.key
    ];
    if (event.key === 'Escape') setAt(null);
    if (to === undefined) return;
    event.preventDefault();
    setAt(Math.max(0, Math.min(points.length - 1, to)));
  }

  return (
    <figure className="chart">
      {/* biome-ignore lint/a11y/noNoninteractiveElementInteractions: it is gone through by keys, point by point */}
      <div
        ref={box}
        className="chart-box"
        role="group"
        aria-label={label}
        tabIndex={0}
        onKeyDown={onKey}
        onBlur={() => setAt(null)}
      >
        <svg
          width={width}
          height={HEIGHT}
          aria-hidden="true"
          onPointerMove={onPointer}
          onPointerLeave={() => setAt(null)}
        >
          {scale.map((value) => (
            <g key={value}>
              <line className="chart-grid" x1={LEFT} x2={width} y1={y(value)} y2={y(value)} />
              <text className="chart-label" x={LEFT - 8} y={y(value) + 4} textAnchor="end">
                {compact(value)}
              </text>
            </g>
          ))}
          {points.map(({ id, short }, index) => (
            <g key={id}>
              {at === index && (
                <rect
                  className="chart-cursor"
                  x={x(index) - step / 2}
                  y={TOP}
                  width={step}
                  height={HEIGHT - TOP - BOTTOM}
                />
              )}
              <Bars bars={bars} index={index} x={x(index)} width={Math.min(28, step * 0.62)} y={y} />
              {labelled(index) && (
                <text className="chart-label" x={x(index)} y={HEIGHT - 6} textAnchor="middle">
                  {short}
                </text>
              )}
            </g>
          ))}
          {lines.map(({ id, shade, values }) =>
            values.length === 1 ? (
              // A line of one point would not be seen.
              <circle key={id} className={`chart-dot shade-${shade}`} cx={x(0)} cy={y(values[0] ?? 0)} r={5} />
            ) : (
              <polyline
                key={id}
                className={`chart-line shade-${shade}`}
                points={values.map((value, index) => `${x(index)},${y(value)}`).join(' ')}
              />
            ),
          )}
        </svg>
        {at !== null && <Tip title={points[at]?.full ?? ''} series={series} at={at} x={x(at)} width={width} />}
      </div>
      <figcaption className="legend" aria-hidden="true">
        {series.map(({ id, label: name, shade }) => (
          <span key={id}>
            <span className={`legend-dot shade-${shade}`} /> {name}
          </span>
        ))}
      </figcaption>
      <Numbers label={label} points={points} series={series} />
    </figure>
  );
}

function Bars({
  bars,
  index,
  x,
  width,
  y,
}: {
  bars: readonly Series[];
  index: number;
  x: number;
  width: number;
  y: (value: number) => number;
}) {
  let below = 0;
  return bars.map(({ id, shade, values }) => {
    const value = values[index] ?? 0;
    const from = below;
    below += value;
    return value > 0 ? (
      <rect
        key={id}
        className={`chart-bar shade-${shade}`}
        x={x - width / 2}
        y={y(below)}
        width={width}
        height={y(from) - y(below)}
        rx={2}
      />
    ) : null;
  });
}

function Tip({
  title,
  series,
  at,
  x,
  width,
}: {
  title: string;
  series: readonly Series[];
  at: number;
  x: number;
  width: number;
}) {
  return (
    <div
      className={`chart-tip${x > width / 2 ? ' chart-tip-left' : ''}`}
      role="status"
      style={{ insetInlineStart: `${x}px` }}
    >
      <strong>{title}</strong>
      {series.map(({ id, label, shade, values }) => (
        <span key={id}>
          <span className={`legend-dot shade-${shade}`} /> {label} <b>{number(values[at] ?? 0)}</b>
        </span>
      ))}
    </div>
  );
}

function Numbers({ label, points, series }: ChartProps) {
  const t = useCommon();
  return (
    <details className="chart-numbers">
      <summary>{t.asTable}</summary>
      <TableBox label={label}>
        <table className="table">
          <caption className="hidden">{label}</caption>
          <thead>
            <tr>
              <th scope="col">{t.day}</th>
              {series.map(({ id, label: name }) => (
                <th key={id} scope="col" className="numeric">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {points.map(({ id, full }, index) => (
              <tr key={id}>
                <th scope="row">{full}</th>
                {series.map((each) => (
                  <td key={each.id} className="numeric">
                    {number(each.values[index] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </TableBox>
    </details>
  );
}

function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(600);
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    const watch = new ResizeObserver(() => setWidth(box.clientWidth));
    watch.observe(box);
    setWidth(box.clientWidth);
    return () => watch.disconnect();
  }, []);
  return [ref, width] as const;
}
