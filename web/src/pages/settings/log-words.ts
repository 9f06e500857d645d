// What an entry of the log changed, field by field.

import { dateTime, number } from '../../i18n/format';
import type { Entry } from './audit';
import type { Words } from './words';

export function changesOf(t: Words, { before, after }: Pick<Entry, 'before' | 'after'>): readonly string[] {
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  return names
    .filter((name) => JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]))
    .map((name) => t.field(labelled(t, name), change(t, before?.[name], after?.[name])));
}

function labelled(t: Words, name: string): string {
  return (t.names as Readonly<Record<string, { label: string }>>)[name]?.label ?? name.replaceAll('_', ' ');
}

function change(t: Words, before: unknown, after: unknown): string {
  if (isEmpty(before)) return said(t, after);
  return t.became(said(t, before), said(t, after));
}

const isEmpty = (value: unknown): boolean => value === undefined || value === null;

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;

function said(t: Words, value: unknown): string {
  if (isEmpty(value)) return t.nothing;
  if (typeof value === 'boolean') return value ? t.yes : t.no;
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string') return MOMENT.test(value) ? dateTime(value) : value;
  return Array.isArray(value) ? value.map((each) => said(t, each)).join(', ') : JSON.stringify(value);
}
