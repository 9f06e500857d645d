// Sending the file. It goes on when somebody looks at another page meanwhile, and starts one import however often it is
// tried.

import { send } from '../../api/client';
import type { Schemas } from '../../api/types';
import { urlOf } from '../../api/url';
import { Store, useStore } from '../../store';
import { type Draft, type Preview, saveDraft } from './draft';
import { mappingOf } from './mapping';

/** What tells how a file is to be read is in its beginning. */
const HEAD_BYTES = 256 * 1024;
const WITHIN_MS = 3_600_000;
const WORKBOOK = /\.(xlsx?|xlsm|ods|numbers)$/i;

export const isWorkbook = ({ name }: File): boolean => WORKBOOK.test(name);

export const previewOf = (file: File): Promise<Preview> =>
  send('post', '/api/imports/preview', undefined, { raw: file.slice(0, HEAD_BYTES) }) as Promise<Preview>;

/** The key of the file that is being sent now. */
const sending = new Store<string | null>(null);

export const useIsSending = (draft: Draft): boolean => useStore(sending) === draft.key;

const warn = (event: BeforeUnloadEvent) => event.preventDefault();

export async function start(user: string, draft: Draft, preview: Preview): Promise<Schemas['ImportOut']> {
  const { file, choices, key } = draft;
  const url = urlOf('/api/imports', {
    query: {
      name: file.name.slice(-200),
      duplicates: choices.duplicates,
      country: choices.country || preview.country,
      category: choices.category.trim(),
      mapping: mappingOf(preview, choices),
    },
  });
  sending.set(key);
  window.addEventListener('beforeunload', warn);
  try {
    const sent = await send('post', url, undefined, { raw: file, idempotencyKey: key, withinMs: WITHIN_MS });
    await saveDraft(user, null);
    return sent as Schemas['ImportOut'];
  } finally {
    window.removeEventListener('beforeunload', warn);
    sending.set(null);
  }
}
