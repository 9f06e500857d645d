// Which contacts are shown: what the address says of it, as the API takes it.

import { useMemo } from 'react';
import { useSearch } from 'wouter';
import { navigate } from 'wouter/use-browser-location';

const WHATSAPP = ['yes', 'no', 'unknown'] as const;
const ORDERS = ['created', 'name', 'phone'] as const;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export type Whatsapp = (typeof WHATSAPP)[number];
export type Order = (typeof ORDERS)[number];

/** `null`: it does not matter. */
export interface Filters {
  readonly q: string | null;
  readonly category_id: string | null;
  readonly whatsapp: Whatsapp | null;
  readonly opted_out: boolean | null;
}

/** What somebody changed in the address by hand and makes no sense is left out. */
export function filtersOf(search: string): Filters {
  const given = new URLSearchParams(search);
  const category = given.get('category_id');
  return {
    q: given.get('q')?.trim().slice(0, 100) || null,
    category_id: category && UUID.test(category) ? category : null,
    whatsapp: WHATSAPP.find((each) => each === given.get('whatsapp')) ?? null,
    opted_out: { true: true, false: false }[given.get('opted_out') ?? ''] ?? null,
  };
}

export const orderOf = (search: string): Order =>
  ORDERS.find((each) => each === new URLSearchParams(search).get('order')) ?? 'created';

export const isFiltered = (filters: Filters): boolean => Object.values(filters).some((value) => value !== null);

/** The category by which alone they are chosen, if it is so. */
export const onlyCategory = ({ category_id, ...rest }: Filters): string | null =>
  Object.values(rest).every((value) => value === null) ? category_id : null;

export function useFilters() {
  const search = useSearch();
  return useMemo(() => ({ filters: filtersOf(search), order: orderOf(search) }), [search]);
}

/** All of them, and nothing else in the address. */
export const clearFilters = () => navigate(location.pathname, { replace: true });
