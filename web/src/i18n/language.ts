// Which language is shown: what this person chose in this browser, else what the browser prefers. The page's first
// script has decided that already.

import { keep } from '../kept';
import { Store } from '../store';

export const LANGUAGES = ['fr', 'en'] as const;
export type Language = (typeof LANGUAGES)[number];

const isLanguage = (tag: string): tag is Language => (LANGUAGES as readonly string[]).includes(tag);

function first(): Language {
  const tag = globalThis.document?.documentElement.lang ?? 'en';
  return isLanguage(tag) ? tag : 'en';
}

export const language = new Store<Language>(first());

export function show(chosen: Language): void {
  keep('language', chosen);
  document.documentElement.lang = chosen;
  language.set(chosen);
}
