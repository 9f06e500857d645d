// What an event changes in the answers that are kept.

import type { QueryClient } from '@tanstack/react-query';
import type { Schemas } from '../api/types';

export type Live = Schemas['LiveOut'];
export type LiveCampaign = Schemas['LiveCampaign'];
export type LiveSender = Schemas['LiveSender'];
type LiveImport = Schemas['LiveImport'];

/** The key of `read('/api/live')`: the picture that the events keep up to date. */
export const LIVE_KEY = ['live'];

/** The contacts of a campaign for whom nothing more happens. */
export const finished = (row: LiveCampaign): number =>
  row.message_2_sent +
  row.no_interaction +
  row.late_interaction +
  row.failed +
  row.opted_out +
  row.cancelled +
  row.expired;

type Row = { readonly id: string };

export type LiveEvent =
  | { readonly name: 'reset'; readonly data: Live }
  | { readonly name: 'campaign'; readonly data: LiveCampaign }
  | { readonly name: 'sender'; readonly data: LiveSender }
  | { readonly name: 'import'; readonly data: LiveImport }
  | { readonly name: 'warnings'; readonly data: Live['warnings'] };

export const EVENT_NAMES = ['reset', 'campaign', 'sender', 'import', 'warnings'] as const;

const EMPTY: Live = { campaigns: [], senders: [], imports: [], warnings: [] };

export function changed(before: Live | undefined, event: LiveEvent): Live {
  const live = before ?? EMPTY;
  switch (event.name) {
    case 'reset':
      return event.data;
    case 'campaign':
      return { ...live, campaigns: withRow(live.campaigns, event.data) };
    case 'sender':
      return { ...live, senders: withRow(live.senders, event.data) };
    case 'import':
      return { ...live, imports: withRow(live.imports, event.data) };
    case 'warnings':
      return { ...live, warnings: event.data };
  }
}

/** What else is no longer right: the first parts of keys, such as ['campaigns']. */
export function outdated(event: LiveEvent, before: Live | undefined): readonly (readonly string[])[] {
  switch (event.name) {
    case 'reset':
      return [['campaigns'], ['senders'], ['imports'], ['monitoring'], ['statistics']];
    case 'campaign': {
      const { id, status } = event.data;
      // A campaign that is new here, or in another state, may belong into other lists; numbers are put into them.
      const known = before?.campaigns.find((each) => each.id === id);
      return [known?.status === status ? ['campaigns', id] : ['campaigns'], ['monitoring'], ['statistics']];
    }
    case 'sender':
      return [['senders'], ['monitoring']];
    case 'import':
      return [['imports'], ['contacts'], ['categories'], ['statistics']];
    case 'warnings':
      return [];
  }
}

/** Puts the live numbers of a campaign into every list that shows it. */
export function patchLists(client: QueryClient, row: LiveCampaign): void {
  const patch = <T>(item: T): T => ((item as Row).id === row.id ? { ...item, ...shared(item, row) } : item);
  client.setQueriesData<unknown>({ queryKey: ['campaigns'] }, (data: unknown) => mapItems(data, patch));
}

/** The live columns that this item has too. */
function shared(item: unknown, row: LiveCampaign): Partial<LiveCampaign> {
  const has = item as Record<string, unknown>;
  return Object.fromEntries(Object.entries(row).filter(([name]) => name in has));
}

interface Page {
  readonly items: readonly Row[];
}

/** One page of a list, or all its pages; anything else stays as it is. */
export function mapItems(data: unknown, patch: <T>(item: T) => T): unknown {
  const page = (each: Page): Page => {
    const items = each.items.map(patch);
    return items.every((item, at) => item === each.items[at]) ? each : { ...each, items };
  };
  if (typeof data !== 'object' || data === null) return data;
  if ('items' in data) return page(data as Page);
  if (!('pages' in data)) return data;
  const { pages } = data as { readonly pages: readonly Page[] };
  const mapped = pages.map(page);
  return mapped.every((each, at) => each === pages[at]) ? data : { ...data, pages: mapped };
}

function withRow<T extends Row>(rows: readonly T[], row: T): readonly T[] {
  return rows.some(({ id }) => id === row.id)
    ? rows.map((each) => (each.id === row.id ? row : each))
    : [...rows, row];
}
