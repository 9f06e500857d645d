// A file that was chosen and not sent yet, with what was decided about it: it is still there after a reload, or after
// somebody looked at another page. Where a browser keeps nothing, it lasts as long as the page.

import type { Schemas } from '../../api/types';
import { FILES_DATABASE } from '../../kept';

export type Meaning = Schemas['Meaning'];
export type Preview = Schemas['Preview'];

export interface Choices {
  /** By the title of a column; others mean what the preview says. */
  readonly meanings: Readonly<Record<string, Meaning>>;
  /** '' as long as nobody has chosen: the one of the installation. */
  readonly country: string;
  readonly duplicates: 'update' | 'skip';
  readonly category: string;
}

export interface Draft {
  readonly file: File;
  readonly choices: Choices;
  /** Of the request that will send it: twice the same starts one import. */
  readonly key: string;
  /** Nobody wants a file of last week. */
  readonly chosenAt: number;
}

const STORE = 'drafts';
const KEPT_MS = 86_400_000;
const NO_CHOICES: Choices = { meanings: {}, country: '', duplicates: 'update', category: '' };

export const newDraft = (file: File): Draft => ({
  file,
  choices: NO_CHOICES,
  key: crypto.randomUUID(),
  chosenAt: Date.now(),
});

export const withChoices = (draft: Draft, change: Partial<Choices>): Draft => ({
  ...draft,
  choices: { ...draft.choices, ...change },
  key: crypto.randomUUID(),
});

let latest: { readonly user: string; readonly draft: Draft } | null = null;

export async function loadDraft(user: string): Promise<Draft | null> {
  if (latest?.user === user) return latest.draft;
  const found = await inStore<Draft | undefined>('readonly', (store) => store.get(user)).catch(() => undefined);
  return found && Date.now() - found.chosenAt < KEPT_MS ? found : null;
}

export async function saveDraft(user: string, draft: Draft | null): Promise<void> {
  latest = draft && { user, draft };
  const save = (store: IDBObjectStore): IDBRequest => (draft ? store.put(draft, user) : store.delete(user));
  await inStore('readwrite', save).catch(() => undefined);
}

function inStore<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(FILES_DATABASE);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const request = act(database.transaction(STORE, mode).objectStore(STORE));
      request.transaction?.addEventListener('complete', () => {
        database.close();
        resolve(request.result);
      });
      request.transaction?.addEventListener('abort', () => reject(request.error));
    };
  });
}
