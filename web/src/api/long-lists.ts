// A list of which many pages were loaded is not asked for again as a whole: that would be hundreds of requests. It is
// marked as outdated, what we change ourselves is changed in place, and when nobody looks any more, it is cut short.

import type { InfiniteData, Query, QueryClient, QueryKey } from '@tanstack/react-query';

const LONGEST_PAGES = 5;

const pagesOf = (data: unknown): readonly unknown[] =>
  typeof data === 'object' && data !== null && 'pages' in data ? (data as InfiniteData<unknown>).pages : [];

export const isShort = (query: { readonly state: { readonly data: unknown } }): boolean =>
  pagesOf(query.state.data).length <= LONGEST_PAGES;

export function hasLongList(client: QueryClient, queryKey: QueryKey): boolean {
  return client
    .getQueryCache()
    .findAll({ queryKey, type: 'active' })
    .some((query) => !isShort(query));
}

/** As `client.invalidateQueries`, but for long lists it is enough to know that they are outdated. */
export async function invalidate(client: QueryClient, queryKey: QueryKey): Promise<void> {
  const isLong = (query: Query) => !isShort(query as Query);
  void client.invalidateQueries({ queryKey, predicate: isLong as never, refetchType: 'none' });
  await client.invalidateQueries({ queryKey, predicate: isShort });
}

/** What is left of a list that nobody looks at: its first pages, as outdated as they were. */
export function cutShort(client: QueryClient, queryKey: QueryKey): void {
  const query = client.getQueryCache().find({ queryKey });
  if (!query || isShort(query) || query.getObserversCount() > 0) return;
  const { pages, pageParams } = query.state.data as InfiniteData<unknown>;
  const short = { pages: pages.slice(0, LONGEST_PAGES), pageParams: pageParams.slice(0, LONGEST_PAGES) };
  const { dataUpdatedAt, isInvalidated } = query.state;
  client.setQueryData(queryKey, short, { updatedAt: dataUpdatedAt });
  if (isInvalidated) void client.invalidateQueries({ queryKey, refetchType: 'none' });
}
