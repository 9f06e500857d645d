// What the columns of a file mean, and what is wrong about that.

import type { Choices, Meaning, Preview } from './draft';

/** In the order in which they are offered. */
export const MEANINGS = [
  'phone',
  'name',
  'first_name',
  'last_name',
  'categories',
  'opted_out',
  'variable',
  'ignored',
] as const satisfies readonly Meaning[];

/** What only one column can be. */
const SINGLE: readonly Meaning[] = ['phone', 'name', 'first_name', 'last_name', 'opted_out'];

export interface MappedColumn {
  readonly title: string;
  readonly meaning: Meaning;
}

export const mapped = ({ columns }: Preview, { meanings }: Choices): readonly MappedColumn[] =>
  columns.map(({ title, meaning }) => ({
    title,
    meaning: Object.hasOwn(meanings, title) ? (meanings[title] ?? meaning) : meaning,
  }));

export type Wrong = { readonly why: 'noPhone' } | { readonly why: 'twice'; readonly meaning: Meaning };

export function wrongWith(columns: readonly MappedColumn[]): Wrong | null {
  if (!columns.some(({ meaning }) => meaning === 'phone')) return { why: 'noPhone' };
  const twice = SINGLE.find((each) => columns.filter(({ meaning }) => meaning === each).length > 1);
  return twice ? { why: 'twice', meaning: twice } : null;
}

/** The parameter of the API: nothing as long as it is what the API would think; variables go without saying. */
export function mappingOf(preview: Preview, choices: Choices): string | undefined {
  const columns = mapped(preview, choices);
  const isAsGuessed = columns.every(({ meaning }, at) => meaning === preview.columns[at]?.meaning);
  if (isAsGuessed || !preview.has_header) return undefined;
  return JSON.stringify(
    Object.fromEntries(
      columns.filter(({ meaning }) => meaning !== 'variable').map(({ title, meaning }) => [title, meaning]),
    ),
  );
}
