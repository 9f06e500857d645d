// Reading the API through TanStack Query: how long answers are fresh, and ready-made options for every GET.
//
//   useQuery(read('/api/campaigns/{campaign_id}', { path: { campaign_id } }))
//   useInfiniteQuery(list('/api/contacts', { query: { q } }))

import { infiniteQueryOptions, QueryClient, queryOptions } from '@tanstack/react-query';
import { call } from './client';
import { isShort } from './long-lists';
import { ApiProblem } from './problem';
import type { Answer, Input, Item, ListPath, Path } from './types';
import { keyOf, type Place, urlOf } from './url';

const MINUTE_MS = 60_000;
const STATISTICS_FRESH_MS = 5 * MINUTE_MS;
const LISTS_FRESH_MS = 2 * MINUTE_MS;
const KEPT_MS = 10 * MINUTE_MS;
const RETRIES = 2;
const PAGE_SIZE = 200;
const STATISTICS = /statistics|\/stats$/;

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      gcTime: KEPT_MS,
      retry: (failures, error) => failures < RETRIES && error instanceof ApiProblem && error.isPassing,
      refetchOnMount: isShort,
      refetchOnWindowFocus: isShort,
      refetchOnReconnect: isShort,
    },
    // A write is sent once: whether it is sent again is for its user to say.
    mutations: { retry: false, networkMode: 'always' },
  },
});

export function read<P extends Path<'get'>>(path: P, input: Input<'get', P>) {
  const url = urlOf(path, input as Place);
  return queryOptions({
    queryKey: keyOf(url),
    queryFn: ({ signal }): Promise<Answer<'get', P>> => call('get', path, input, { signal }),
    staleTime: STATISTICS.test(path) ? STATISTICS_FRESH_MS : LISTS_FRESH_MS,
  });
}

export interface ListPage<T> {
  readonly items: readonly T[];
  readonly next_cursor: string | null;
}

/** Logs came as a whole before they had pages: then it is the only one. */
export const asPage = <T>(answer: readonly T[] | ListPage<T>): ListPage<T> =>
  'items' in answer ? answer : { items: answer, next_cursor: null };

/** A list by its pages; `limit` and `cursor` are seen to. */
export function list<P extends ListPath>(path: P, input: Input<'get', P>) {
  const { query, ...place } = input as Place;
  const withSize = { ...place, query: { limit: PAGE_SIZE, ...query } };
  return infiniteQueryOptions({
    // The word keeps it apart from a single page at the same address.
    queryKey: [...keyOf(urlOf(path, withSize)), 'pages'],
    queryFn: ({ signal, pageParam }) =>
      call(
        'get',
        path,
        { ...withSize, query: { ...withSize.query, cursor: pageParam } } as unknown as Input<'get', P>,
        {
          signal,
        },
      ) as Promise<ListPage<Item<P>>>,
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
    staleTime: LISTS_FRESH_MS,
    // Pages that are there are never compared again: of a hundred thousand rows that takes longer than a frame.
    structuralSharing: false,
  });
}

/** What was already in the page when it came: the answers to what it would ask for at once. */
export function plant(answers: Readonly<Record<string, unknown>>): void {
  for (const [url, answer] of Object.entries(answers)) queryClient.setQueryData(keyOf(url), answer);
}
