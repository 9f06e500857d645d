import { InfiniteQueryObserver, QueryClient } from '@tanstack/react-query';
import { expect, test, vi } from 'vitest';
import { cutShort, hasLongList, invalidate } from './long-lists';

const KEY = ['contacts', 'pages'];

async function listOf(pages: number) {
  const client = new QueryClient();
  const ask = vi.fn(async ({ pageParam }: { pageParam: number }) => ({ items: [], next: pageParam + 1 }));
  const list = new InfiniteQueryObserver(client, {
    queryKey: KEY,
    queryFn: ask,
    initialPageParam: 0,
    getNextPageParam: (last: { next: number }) => last.next,
    staleTime: 60_000,
  });
  const leave = list.subscribe(() => undefined);
  await list.refetch();
  for (let more = 1; more < pages; more += 1) await list.fetchNextPage();
  ask.mockClear();
  return { client, ask, leave, list };
}

test('a short list is asked for again as a whole', async () => {
  const { client, ask, leave } = await listOf(3);
  await invalidate(client, ['contacts']);
  expect(ask).toHaveBeenCalledTimes(3);
  leave();
});

test('a long list is only marked, and cut short once nobody looks', async () => {
  const { client, ask, leave } = await listOf(8);
  await invalidate(client, ['contacts']);
  expect(ask).not.toHaveBeenCalled();
  expect(hasLongList(client, ['contacts'])).toBe(true);
  cutShort(client, KEY);
  expect(hasLongList(client, ['contacts'])).toBe(true);
  leave();
  cutShort(client, KEY);
  expect(hasLongList(client, ['contacts'])).toBe(false);
  expect(client.getQueryState(KEY)?.isInvalidated).toBe(true);
  client.clear();
});
