// All categories: there are few enough to have them all, and whoever chooses among them needs them all.

import { useEffect } from 'react';
import { useRows } from '../optimistic/use-optimistic';
import { list } from './queries';
import type { Schemas } from './types';

export type Category = Schemas['CategoryOut'];

export function useCategories() {
  const query = useRows<Category>('categories', list('/api/categories', {}));
  const { hasNextPage, isFetching, isError, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [hasNextPage, isFetching, isError, fetchNextPage]);
  return query;
}
