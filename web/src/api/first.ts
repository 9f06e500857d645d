// What the server wrote into the page: who is signed in, and the first answers. `null` without a server that does,
// as during development, or when it could not tell.

import type { Schemas } from './types';

export interface First {
  readonly me: Schemas['MeOut'] | null;
  readonly answers: Readonly<Record<string, unknown>>;
}

export function readFirst(): First | null {
  return JSON.parse(document.getElementById('first')?.textContent ?? 'null') as First | null;
}
