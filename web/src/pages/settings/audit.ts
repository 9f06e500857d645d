// The log of changes, as the API gives it: the newest so many entries.

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import type { Schemas } from '../../api/types';

export type Entry = Schemas['AuditEntryOut'];

export interface About {
  readonly subject_type?: string | undefined;
  readonly subject_id?: string | undefined;
}

export function useAudit(about: About, limit: number) {
  return useQuery({
    ...read('/api/audit-log', { query: { ...about, limit } }),
    placeholderData: keepPreviousData,
    staleTime: 0,
  });
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
