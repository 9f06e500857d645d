// Sends one change, and sees to what is shown before, while and after.

import type { QueryClient } from '@tanstack/react-query';
import { hasLongList, invalidate } from '../api/long-lists';
import { mapItems } from '../live/apply';
import type { Change, Changes, Item } from './changes';

export interface Write<T extends Item, Answer> {
  readonly collection: string;
  readonly change: Change<T>;
  readonly request: () => Promise<Answer>;
  /** The item in the answer, where there is one. */
  readonly itemOf?: ((answer: Answer) => T | undefined) | undefined;
  /** Other keys that this makes outdated, such as ['statistics']. */
  readonly outdates?: readonly (readonly string[])[] | undefined;
}

export async function run<T extends Item, Answer>(
  client: QueryClient,
  changes: Changes,
  write: Write<T, Answer>,
): Promise<Answer> {
  const { collection } = write;
  let layer = changes.add(collection, write.change as unknown as Change);
  try {
    const answer = await write.request();
    // What was asked before may still be answered with the old state.
    await client.cancelQueries({ queryKey: [collection] });
    if (write.change.kind === 'create') {
      // It stays on top until the lists have it: only the server knows its place in them.
      const item = write.itemOf?.(answer) ?? write.change.item;
      const arrived = { change: { kind: 'create', item } as Change, pending: false };
      changes.replace(collection, layer, arrived);
      layer = arrived;
    } else {
      arrive(client, write, answer);
      changes.remove(collection, (each) => each === layer);
    }
    return answer;
  } catch (error) {
    changes.remove(collection, (each) => each === layer);
    throw error;
  } finally {
    void refresh(client, changes, write);
  }
}

/** Writes into the kept answers what the server has just accepted. */
function arrive<T extends Item, Answer>(client: QueryClient, write: Write<T, Answer>, answer: Answer): void {
  const { change, collection } = write;
  if (change.kind === 'create') return;
  const accepted = write.itemOf?.(answer);
  const after = (item: Item): Item => {
    if (change.kind === 'delete' || !change.ids.has(item.id)) return item;
    const patched = change.patch(item as T);
    return accepted && accepted.id === item.id ? { ...patched, ...accepted } : patched;
  };
  client.setQueriesData<unknown>({ queryKey: [collection] }, (data: unknown) => {
    if (change.kind === 'delete') return without(data, change.ids);
    return isItem(data) ? after(data) : mapItems(data, (item) => after(item as Item) as typeof item);
  });
}

const isItem = (data: unknown): data is Item =>
  typeof data === 'object' && data !== null && typeof (data as { id?: unknown }).id === 'string';

interface Page {
  readonly items: readonly Item[];
}

function without(data: unknown, ids: ReadonlySet<string>): unknown {
  const page = (each: Page): Page => ({ ...each, items: each.items.filter(({ id }) => !ids.has(id)) });
  if (typeof data !== 'object' || data === null) return data;
  if ('items' in data) return page(data as Page);
  if ('pages' in data) return { ...data, pages: (data as { pages: readonly Page[] }).pages.map(page) };
  return data;
}

/** Asks the server what is true now, once nothing is under way any more: before, it could not know yet. */
async function refresh<T extends Item, A>(
  client: QueryClient,
  changes: Changes,
  write: Write<T, A>,
): Promise<void> {
  const { collection } = write;
  if (changes.running(collection) > 0) return;
  const arrived = new Set(changes.of(collection));
  for (const queryKey of write.outdates ?? []) void invalidate(client, queryKey);
  await invalidate(client, [collection]);
  // If something was sent meanwhile, its own refresh comes later. A long list was not asked for: what is new stays on it.
  if (changes.running(collection) > 0 || hasLongList(client, [collection])) return;
  changes.remove(collection, (layer) => arrived.has(layer));
}
