// The colours that categories are offered: seen on light and dark, and apart from each other.

export const PALETTE = {
  slate: '#64748b',
  red: '#d14b4b',
  orange: '#d97321',
  amber: '#b98a00',
  green: '#2f9457',
  teal: '#13918c',
  blue: '#2f7dd1',
  indigo: '#6168d8',
  purple: '#9a54cc',
  pink: '#cf4f8e',
} as const;

export type ColourName = keyof typeof PALETTE;

/** For a new category: the colour that the fewest have. */
export function freshColour(used: readonly string[]): string {
  const times = (colour: string) => used.filter((each) => each === colour).length;
  return Object.values(PALETTE).reduce((best, each) => (times(each) < times(best) ? each : best));
}
