import { useAllRows } from '../optimistic/use-optimistic';
import { list } from './queries';
import type { Schemas } from './types';

export type Category = Schemas['CategoryOut'];

/** All of them: whoever chooses among categories needs them all. */
export const useCategories = () => useAllRows<Category>('categories', list('/api/categories', {}));
