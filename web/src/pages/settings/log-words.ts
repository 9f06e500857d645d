// What an entry of the log changed, field by field.

import { dateTime, number } from '../../i18n/format';
import type { Entry } from './audit';
import { inWords, labelOf, type Setting, type Value } from './setting';
import type { Words } from './words';

/** What differs, in words; ids and what was empty all along say nothing to anybody. */
export function changesOf(
  t: Words,
  { before, after }: Pick<Entry, 'before' | 'after'>,
  settings: readonly Setting[],
): readonly string[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names
    .filter((name) => !/(^|_)id$/.test(name))
    .filter((name) => JSON.stringify(before?.[name] ?? null) !== JSON.stringify(after?.[name] ?? null))
    .map((name) => {
      const setting = settings.find((each) => each.name === name);
      const words = (value: unknown) => {
        if (!setting) return said(t, value);
        return isValue(value) ? inWords(t, setting, value) : t.wider;
      };
      const label = setting ? labelOf(t, setting).label : labelled(t, name);
      return t.field(label, change(t, before?.[name], after?.[name], words));
    });
}

const isValue = (value: unknown): value is Value => typeof value === 'string' || typeof value === 'number';

const labelled = (t: Words, name: string): string =>
  (t.fields as Readonly<Record<string, string>>)[name] ?? name.replaceAll('_', ' ');

function change(t: Words, before: unknown, after: unknown, words: (value: unknown) => string): string {
  return isEmpty(before) ? words(after) : t.became(words(before), words(after));
}

const isEmpty = (value: unknown): boolean => value === undefined || value === null;

const named = (t: Words, value: string): string =>
  (t.values as Readonly<Record<string, string>>)[value] ?? value;

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

function said(t: Words, value: unknown): string {
  if (isEmpty(value)) return t.nothing;
  if (typeof value === 'boolean') return value ? t.yes : t.no;
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string') return MOMENT.test(value) ? dateTime(value) : named(t, value);
  return Array.isArray(value) ? value.map((each) => said(t, each)).join(', ') : JSON.stringify(value);
}
