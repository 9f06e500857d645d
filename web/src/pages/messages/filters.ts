// What is looked for, from the address to the API.

import { type Place, urlOf } from '../../api/url';

const FILTERS = ['q', 'campaign', 'sender', 'type', 'status', 'from', 'to', 'contact'] as const;
export type Filters = Readonly<Record<(typeof FILTERS)[number], string>>;

/** Not a status of the API: those that were not sent as well. */
export const EVERYTHING = 'all';
const SHORTEST_SEARCH = 3;
const WITHOUT_SENDING = new Set([EVERYTHING, 'pending', 'failed', 'cancelled']);
const BEGINNING = '1970-01-01T00:00:00.000Z';

export function filtersOf(search: string): Filters {
  const params = new URLSearchParams(search);
  return Object.fromEntries(FILTERS.map((name) => [name, params.get(name) ?? ''])) as Filters;
}

const searched = ({ q }: Filters): string | undefined => {
  const wanted = q.trim();
  return wanted.length >= SHORTEST_SEARCH ? wanted : undefined;
};

/**
 * The latest sent come first, which says more than the order of planning: a campaign plans all its messages at once. But
 * what was not sent has no place in that order, and the API searches in the other one alone.
 */
export const isBySending = (filters: Filters): boolean =>
  searched(filters) === undefined && !WITHOUT_SENDING.has(filters.status);

/** Whole days as the person who looks lives them. */
const startOf = (day: string): string | undefined => (day ? isoOf(new Date(`${day}T00:00`)) : undefined);

function endOf(day: string): string | undefined {
  const next = new Date(`${day}T00:00`);
  next.setDate(next.getDate() + 1);
  return isoOf(next);
}

/** Half a date that somebody has begun to type is none. */
const isoOf = (at: Date): string | undefined => (Number.isNaN(at.getTime()) ? undefined : at.toISOString());

const chosenStatus = ({ status }: Filters): string | undefined =>
  status && status !== EVERYTHING ? status : undefined;

export function queryOf(filters: Filters) {
  return {
    order: isBySending(filters) ? ('sent' as const) : undefined,
    q: searched(filters),
    campaign_id: filters.campaign || undefined,
    contact_id: filters.contact || undefined,
    sender_id: filters.sender || undefined,
    message_type: filters.type ? [filters.type as 'message_1'] : undefined,
    status: chosenStatus(filters) ? [chosenStatus(filters) as 'sent'] : undefined,
    from: startOf(filters.from),
    to: endOf(filters.to),
  };
}

/** The same messages as a file; `null` where the API would choose others: its dates are those of sending. */
export function exportUrl(filters: Filters): string | null {
  const bySending = isBySending(filters);
  if (!bySending && (filters.from || filters.to)) return null;
  const query: Place['query'] = {
    bom: true,
    q: searched(filters),
    campaign_id: filters.campaign,
    contact_id: filters.contact,
    sender_id: filters.sender,
    message_type: filters.type,
    status: chosenStatus(filters),
    // Those that were sent at all.
    since: bySending ? (startOf(filters.from) ?? BEGINNING) : undefined,
    until: endOf(filters.to),
  };
  return urlOf('/api/messages/export.csv', { query });
}
