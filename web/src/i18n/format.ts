// Numbers, dates and plurals in the shown language, all by the browser's own Intl.

import { language } from './language';

type Moment = string | number | Date;

const made = new Map<string, unknown>();

/** Making a formatter takes a thousand times as long as using it. */
function formatter<F>(name: string, make: (tag: string) => F): F {
  const key = `${language.get()}/${name}`;
  const found = made.get(key) ?? make(language.get() === 'fr' ? 'fr-FR' : 'en-GB');
  made.set(key, found);
  return found as F;
}

export const number = (value: number): string =>
  formatter('number', (tag) => new Intl.NumberFormat(tag)).format(value);

/** 12.3k; for axes and other narrow places. */
export const compact = (value: number): string =>
  formatter(
    'compact',
    (tag) => new Intl.NumberFormat(tag, { notation: 'compact', maximumFractionDigits: 1 }),
  ).format(value);

/** From 0 to 1. */
export const percent = (rate: number, digits = 0): string =>
  formatter(
    `percent${digits}`,
    (tag) => new Intl.NumberFormat(tag, { style: 'percent', maximumFractionDigits: digits }),
  ).format(rate);

export const date = (moment: Moment, style: 'short' | 'medium' | 'full' = 'medium'): string =>
  formatter(`date${style}`, (tag) => new Intl.DateTimeFormat(tag, { dateStyle: style })).format(
    new Date(moment),
  );

export const dateTime = (moment: Moment): string =>
  formatter(
    'dateTime',
    (tag) => new Intl.DateTimeFormat(tag, { dateStyle: 'medium', timeStyle: 'short' }),
  ).format(new Date(moment));

export const time = (moment: Moment): string =>
  formatter('time', (tag) => new Intl.DateTimeFormat(tag, { timeStyle: 'short' })).format(new Date(moment));

/** To the second, for what is asked for every few of them. */
export const seconds = (moment: Moment): string =>
  formatter('seconds', (tag) => new Intl.DateTimeFormat(tag, { timeStyle: 'medium' })).format(new Date(moment));

/** A day without a time, such as 2026-11-21, which is of no zone. */
export const day = (value: string, weekday = false): string =>
  formatter(
    `day${weekday}`,
    (tag) =>
      new Intl.DateTimeFormat(tag, {
        day: 'numeric',
        month: 'short',
        timeZone: 'UTC',
        ...(weekday ? { weekday: 'long' } : {}),
      }),
  ).format(new Date(`${value}T00:00:00Z`));

export const list = (items: readonly string[]): string =>
  formatter('list', (tag) => new Intl.ListFormat(tag, { type: 'conjunction' })).format(items);

export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

/** The form for that many; # stands for the number. */
export function plural(count: number, forms: Forms): string {
  const rule = formatter('plural', (tag) => new Intl.PluralRules(tag)).select(count);
  return (forms[rule] ?? forms.other).replace('#', number(count));
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** How long ago, or in how long. */
export function relative(moment: Moment, now = Date.now()): string {
  const seconds = (new Date(moment).getTime() - now) / 1000;
  const [unit, size] = UNITS.find(([, each]) => Math.abs(seconds) >= each) ?? ['second', 1];
  return formatter('relative', (tag) => new Intl.RelativeTimeFormat(tag, { numeric: 'auto' })).format(
    Math.trunc(seconds / size),
    unit,
  );
}

/** A length of time by its two largest units, such as 2 h 5 min. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const largest = Math.max(
    0,
    UNITS.findIndex(([, size]) => whole >= size),
  );
  const [unit, size] = UNITS[whole === 0 ? 3 : largest] ?? UNITS[3];
  const next = UNITS[largest + 1];
  const rest = next ? Math.floor((whole % size) / next[1]) : 0;
  const first = inUnit(Math.floor(whole / size), unit);
  return next && rest > 0 ? `${first} ${inUnit(rest, next[0])}` : first;
}

/** A measured value, such as 22.5s or 0.4ms; `duration` is for what is longer than a minute. */
export const measure = (value: number, unit: 'second' | 'millisecond', digits = 1): string =>
  formatter(
    `measure${unit}${digits}`,
    (tag) =>
      new Intl.NumberFormat(tag, {
        style: 'unit',
        unit,
        // French sets a space before its units; English without one is shorter than "secs".
        unitDisplay: tag.startsWith('fr') ? 'short' : 'narrow',
        maximumFractionDigits: digits,
      }),
  ).format(value);

const inUnit = (count: number, unit: string): string =>
  formatter(
    `unit${unit}`,
    (tag) => new Intl.NumberFormat(tag, { style: 'unit', unit, unitDisplay: 'short' }),
  ).format(count);
