// The words of the interface, by room: a page has its own, and `''` is what all of them share. Only those of the shown
// language are fetched.

import { useStore } from '../store';
import type common from './en';
import { type Language, language, show } from './language';

type Dictionary = Readonly<Record<string, unknown>>;

const fetchers: Record<Language, () => Promise<{ readonly default: Dictionary }>> = {
  fr: () => import('./all-fr'),
  en: () => import('./all-en'),
};
const known = new Map<Language, Dictionary>();

/** Has to be done before anything is shown. */
export async function loadWords(of: Language = language.get()): Promise<void> {
  if (!known.has(of)) known.set(of, (await fetchers[of]()).default);
}

/** Shows everything in another language, once its words are there. */
export async function switchLanguage(to: Language): Promise<void> {
  await loadWords(to);
  show(to);
}

const wordsIn = (room: string, of: Language): unknown =>
  known.get(of)?.[room ? `../pages/${room}/${of}.ts` : `./${of}.ts`];

/** The hook that gives a room's words: `export const useWords = wordsOf<typeof en>('overview')`. */
export function wordsOf<W>(room: string): () => W {
  return () => wordsIn(room, useStore(language)) as W;
}

export const useCommon = wordsOf<typeof common>('');

/** The shared words outside of components. */
export const commonWords = (): typeof common => wordsIn('', language.get()) as typeof common;
