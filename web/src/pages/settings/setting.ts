// One setting: what it is about, how its value is said and typed, and what may be typed.

import type { Schemas } from '../../api/types';
import { duration, measure, number, percent } from '../../i18n/format';
import type { Words } from './words';

export type Setting = Schemas['SettingOut'];
export type Value = Setting['value'];

export const SUBJECTS = ['pace', 'quota', 'errors', 'night', 'campaigns', 'other'] as const;
export type Subject = (typeof SUBJECTS)[number];

const SUBJECT_OF: Readonly<Record<string, Subject>> = {
  profile: 'pace',
  delay_s: 'pace',
  mature_delay_s: 'pace',
  careful_delay_s: 'pace',
  jitter: 'pace',
  message_2_rate_per_s: 'pace',
  quota_per_day: 'quota',
  message_2_reserve: 'quota',
  error_threshold: 'errors',
  adaptive_from_contacts: 'errors',
  night_starts: 'night',
  night_ends: 'night',
  timezone: 'night',
  window_s: 'campaigns',
  grace_s: 'campaigns',
  max_age_s: 'campaigns',
  batch_size: 'campaigns',
  batch_pause_s: 'campaigns',
};

const ORDER = Object.keys(SUBJECT_OF);

/** As people think of them, not as the API lists them; what nobody here knows comes last. */
export const inOrder = (settings: readonly Setting[]): readonly Setting[] =>
  settings.toSorted((one, other) => placeOf(one) - placeOf(other));

const placeOf = ({ name }: Setting): number => ORDER.indexOf(name) + 1 || ORDER.length + 1;

export const subjectOf = ({ name }: Setting): Subject => SUBJECT_OF[name] ?? 'other';

const named = (words: object, name: string): unknown => (words as Readonly<Record<string, unknown>>)[name];

/** Its name and what it does; in the API's words where nobody here knows it. */
export function labelOf(t: Words, { name, help }: Setting): { readonly label: string; readonly help: string } {
  return (named(t.names, name) as { label: string; help: string } | undefined) ?? { label: name, help };
}

export const effectOf = (t: Words, { takes_effect: effect }: Setting): string =>
  (named(t.effects, effect) as string | undefined) ?? effect;

export type Kind = 'choice' | 'time' | 'zone' | 'number';

export function kindOf({ choices, pattern, value }: Setting): Kind {
  if (choices) return 'choice';
  if (pattern) return 'time';
  return typeof value === 'string' ? 'zone' : 'number';
}

const LONG = 2 * 3600;

/** In which unit a number is typed, and how many of the API's units it is. */
export function unitOf({ unit, default: builtIn }: Setting): { readonly name: string; readonly size: number } {
  if (unit === 'share') return { name: 'percent', size: 0.01 };
  if (unit === 'seconds' && Number(builtIn) >= LONG) return { name: 'hours', size: 3600 };
  return { name: unit, size: 1 };
}

/** A value as people say it. */
export function inWords(t: Words, { unit, choices }: Setting, value: Value): string {
  if (choices) return (named(t.choices, String(value)) as string | undefined) ?? String(value);
  if (typeof value === 'string') return value;
  switch (unit) {
    case 'seconds':
      return value < 60 ? measure(value, 'second', 3) : duration(value);
    case 'share':
      return percent(value, 1);
    case 'messages in 24 hours':
      return t.perDay(value);
    case 'messages per second':
      return t.perSecond(value);
    case 'contacts':
      return t.contacts(value);
    default:
      return number(value);
  }
}

// As many digits as a value typed in its own unit can need, and none of those that a division adds.
const rounded = (value: number): number => Number(value.toPrecision(12));

/** What stands in the field at first. */
export const toText = (setting: Setting, value: Value = setting.value): string =>
  typeof value === 'string'
    ? value
    : String(rounded(value / unitOf(setting).size)).replace('.', number(0.5).charAt(1));

export type Typed = { readonly value: Value } | { readonly problem: string };

/** What was typed, as the API takes it, or what is wrong with it. */
export function fromText(t: Words, setting: Setting, text: string): Typed {
  const typed = text.trim();
  switch (kindOf(setting)) {
    case 'choice':
      return { value: typed };
    case 'time':
      return new RegExp(setting.pattern ?? '').test(typed) ? { value: typed } : { problem: t.notATime };
    case 'zone':
      return isZone(typed) ? { value: typed } : { problem: t.notAZone };
    case 'number':
      return numberOf(t, setting, typed);
  }
}

function numberOf(t: Words, setting: Setting, typed: string): Typed {
  const plain = typed.replace(/\s/g, '').replace(',', '.');
  const value = rounded(Number(plain) * unitOf(setting).size);
  const { lowest, above, highest } = setting;
  const say = (limit: number) => inWords(t, setting, limit);
  if (plain === '' || !Number.isFinite(value)) return { problem: t.notANumber };
  if (isWhole(setting) && !Number.isInteger(value)) return { problem: t.notWhole };
  if (lowest !== null && value < lowest) return { problem: t.tooLow(say(lowest)) };
  if (above !== null && value <= above) return { problem: t.notAbove(say(above)) };
  if (highest !== null && value > highest) return { problem: t.tooHigh(say(highest)) };
  return { value };
}

const WHOLE_UNITS = new Set(['contacts', 'messages in 24 hours']);

const isWhole = ({ unit }: Setting): boolean => WHOLE_UNITS.has(unit);

function isZone(name: string): boolean {
  try {
    return name !== '' && new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined;
  } catch {
    return false;
  }
}

/** What may be typed, in a sentence. */
export function limitsOf(t: Words, setting: Setting): string {
  const { lowest, above, highest } = setting;
  const say = (limit: number) => inWords(t, setting, limit);
  if (lowest !== null && highest !== null) return t.between(say(lowest), say(highest));
  if (above !== null && highest !== null) return t.aboveUpTo(say(above), say(highest));
  if (lowest !== null) return t.atLeast(say(lowest));
  return above === null ? '' : t.above(say(above));
}
