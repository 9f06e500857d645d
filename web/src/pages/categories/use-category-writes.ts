// What is done to categories, seen at once.

import type { Category } from '../../api/categories';
import { call } from '../../api/client';
import { reworded } from '../../api/reworded';
import { useWrite } from '../../optimistic/use-optimistic';
import { useWords } from './words';

export interface CategoryValues {
  readonly name: string;
  readonly colour: string;
}

export function useCategoryWrites(
  correct: (category: Category | null, values: CategoryValues, error: unknown) => void,
) {
  const t = useWords();
  const write = useWrite<Category>('categories', { outdates: [['contacts'], ['statistics']] });
  const wordings = {
    'Category exists': t.nameTaken,
    'Category in use': (detail: string) =>
      t.inUse(/use this category: (.*)\. Let /.exec(detail)?.[1] ?? detail),
  };
  return {
    add: (values: CategoryValues) =>
      write.create({
        item: { ...values, id: crypto.randomUUID(), contact_count: 0, created_at: new Date().toISOString() },
        request: (idempotencyKey) =>
          reworded(wordings, call('post', '/api/categories', { body: values }, { idempotencyKey })),
        itemOf: (answer) => answer,
        failed: t.notCreated(values.name),
        correct: (error) => correct(null, values, error),
      }),
    change: (category: Category, values: CategoryValues) =>
      write.update({
        ids: [category.id],
        patch: (each) => ({ ...each, ...values }),
        request: () =>
          reworded(
            wordings,
            call('patch', '/api/categories/{category_id}', {
              path: { category_id: category.id },
              body: values,
            }),
          ),
        itemOf: (answer) => answer,
        failed: t.notSaved(category.name),
        correct: (error) => correct(category, values, error),
      }),
    remove: (category: Category) =>
      write.remove({
        ids: [category.id],
        request: () =>
          reworded(
            wordings,
            call('delete', '/api/categories/{category_id}', { path: { category_id: category.id } }),
          ),
        failed: t.notRemoved(category.name),
      }),
  };
}
