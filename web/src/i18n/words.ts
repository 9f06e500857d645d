// The words of the interface, by room: a page has its own, and `''` is what all of them share. A room's words come with
// the room, in the shown language alone.

import { useStore } from '../store';
import type common from './en';
import { type Language, language, show } from './language';

type Words = { readonly default: unknown };

const files: Record<string, () => Promise<Words>> = {
  ...import.meta.glob<Words>('./{fr,en}.ts'),
  ...import.meta.glob<Words>('../pages/*/{fr,en}.ts'),
};
const known = new Map<string, unknown>();
const rooms = new Set<string>();

const fileOf = (room: string, of: Language): string => (room ? `../pages/${room}/${of}.ts` : `./${of}.ts`);

/** Has to be done before the room is shown. */
export async function loadWords(room: string, of: Language = language.get()): Promise<void> {
  rooms.add(room);
  const file = fileOf(room, of);
  if (!known.has(file)) known.set(file, (await files[file]?.())?.default);
}

/** Shows everything in another language, once the words of what is shown are there. */
export async function switchLanguage(to: Language): Promise<void> {
  await Promise.all([...rooms].map((room) => loadWords(room, to)));
  show(to);
}

/** The hook that gives a room's words: `export const useWords = wordsOf<typeof en>('overview')`. */
export function wordsOf<W>(room: string): () => W {
  return () => known.get(fileOf(room, useStore(language))) as W;
}

export const useCommon = wordsOf<typeof common>('');

/** The shared words outside of components. */
export const commonWords = (): typeof common => known.get(fileOf('', language.get())) as typeof common;
