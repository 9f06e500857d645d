// One action on many contacts, in as many requests as it takes.

import { call } from '../../api/client';
import type { Schemas } from '../../api/types';
import type { Filters } from './filters';

/** How many ids the API takes at once. */
const MOST_IDS = 10_000;
/** Opting out stops running campaigns, number by number. */
const WITHIN_MS = 300_000;

export type Bulk = Pick<Schemas['BulkIn'], 'action' | 'category_id' | 'reason'>;
export type BulkResult = Schemas['BulkOut'];

/** Whom it is about: these, or all that the filters leave. */
export type Whom = { readonly ids: readonly string[] } | { readonly filter: Filters };

export async function bulk(whom: Whom, action: Bulk, key: string): Promise<BulkResult> {
  const sum = { changed: 0, erased: 0, refused: 0 };
  for (const [nth, part] of partsOf(whom).entries()) {
    const answer = await call(
      'post',
      '/api/contacts/bulk',
      { body: { ...action, ...part } },
      { idempotencyKey: `${key}-${nth}`, withinMs: WITHIN_MS },
    );
    for (const name of ['changed', 'erased', 'refused'] as const) sum[name] += answer[name];
  }
  return sum;
}

function partsOf(whom: Whom): readonly Whom[] {
  if ('filter' in whom) return [whom];
  const count = Math.ceil(whom.ids.length / MOST_IDS);
  return Array.from({ length: count }, (_, at) => ({
    ids: whom.ids.slice(at * MOST_IDS, (at + 1) * MOST_IDS),
  }));
}
