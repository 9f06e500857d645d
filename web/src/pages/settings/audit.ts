// The log of changes, the newest entries first.

import { useInfiniteQuery } from '@tanstack/react-query';
import { send } from '../../api/client';
import { asPage, type ListPage } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { keyOf, urlOf } from '../../api/url';

export type Entry = Schemas['AuditEntryOut'];

export interface About {
  readonly subject_type?: string | undefined;
  readonly subject_id?: string | undefined;
}

const PAGE_SIZE = 200;

export function useAudit(about: About) {
  const url = (cursor: string | null) =>
    urlOf('/api/audit-log', { query: { ...about, limit: PAGE_SIZE, cursor } });
  const log = useInfiniteQuery({
    queryKey: [...keyOf(url(null)), 'pages'],
    queryFn: async ({ pageParam, signal }) =>
      asPage((await send('get', url(pageParam), undefined, { signal })) as readonly Entry[] | ListPage<Entry>),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next_cursor,
  });
  return { ...log, entries: log.data?.pages.flatMap(({ items }) => items) };
}

/** Who changed each setting last, by its name. */
export function latestChanges(entries: readonly Entry[]): ReadonlyMap<string, Entry> {
  const latest = new Map<string, Entry>();
  for (const entry of entries) {
    for (const name of Object.keys(entry.after ?? entry.before ?? {}))
      if (entry.action.startsWith('setting.') && !latest.has(name)) latest.set(name, entry);
  }
  return latest;
}
