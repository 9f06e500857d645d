export const UNITS = { second: 1, minute: 60, hour: 3600, day: 86_400 } as const;

export type UnitName = keyof typeof UNITS;

/** The largest unit in which it is a whole number. A day is 24 hours: up to two of them, hours say it better. */
export function unitFor(seconds: number): UnitName {
  const [name] = (['day', 'hour', 'minute'] as const).filter(
    (each) => seconds > 0 && seconds % UNITS[each] === 0 && (each !== 'day' || seconds > 2 * UNITS.day),
  );
  return name ?? 'second';
}

export const secondsOf = (count: number, unit: UnitName): number => Math.round(count * UNITS[unit]);
