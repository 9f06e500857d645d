import './style.css';
import { useState } from 'react';
import { type Category, useCategories } from '../../api/categories';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { Card, Empty, ErrorState, PageHeader, Skeleton } from '../../ui/layout';
import { SearchField } from '../../ui/search-field';
import { useSearchParam } from '../../ui/url-state';
import { CategoryForm } from './category-form';
import { CategoryTable, matching } from './category-table';
import { freshColour } from './palette';
import { type CategoryValues, useCategoryWrites } from './use-category-writes';
import { useWords } from './words';

/** From so many on, somebody searches instead of looking. */
const MANY = 8;

interface FormState {
  /** `null`: a new one. */
  readonly category: Category | null;
  readonly values: CategoryValues;
  readonly problem?: unknown;
}

export default function CategoriesPage() {
  const t = useWords();
  const [q, search] = useSearchParam('q');
  const query = useCategories();
  const [form, setForm] = useState<FormState | null>(null);
  const [removed, setRemoved] = useState<Category | null>(null);
  // What was typed into a form that was closed, until it is saved.
  const [draft, setDraft] = useState<CategoryValues | null>(null);
  const writes = useCategoryWrites((category, values, problem) => setForm({ category, values, problem }));

  const add = () =>
    setForm({
      category: null,
      values: draft ?? { name: '', colour: freshColour(query.rows.map(({ colour }) => colour)) },
    });
  const addButton = (
    <Button kind="primary" icon="plus" onClick={add}>
      {t.add}
    </Button>
  );
  const shown = matching(query.rows, q);
  return (
    <>
      <PageHeader title={t.title} sub={t.sub} actions={addButton} />
      {(query.rows.length > MANY || q) && (
        <div className="categories-search">
          <SearchField label={t.search} />
        </div>
      )}
      {query.isPending ? (
        <Card>
          <Skeleton lines={6} height="1.75rem" />
        </Card>
      ) : query.isError && query.rows.length === 0 ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Card flush>
          {shown.length > 0 ? (
            <CategoryTable
              categories={shown}
              onEdit={(category) => setForm({ category, values: valuesOf(category) })}
              onRemove={setRemoved}
            />
          ) : q ? (
            <Empty
              icon="search"
              title={t.noMatch}
              action={<Button onClick={() => search('')}>{t.clear}</Button>}
            />
          ) : (
            <Empty icon="categories" title={t.none} action={addButton}>
              {t.noneExplained}
            </Empty>
          )}
        </Card>
      )}
      {form && (
        <CategoryForm
          first={form.values}
          isNew={form.category === null}
          problem={form.problem}
          onSave={(values) => {
            setForm(null);
            if (form.category) void writes.change(form.category, values);
            else {
              setDraft(null);
              void writes.add(values);
            }
          }}
          onClose={(values) => {
            setForm(null);
            if (form.category === null) setDraft(values.name ? values : null);
          }}
        />
      )}
      {removed && (
        <ConfirmDialog
          title={t.removeTitle(removed.name)}
          confirm={t.removeConfirm}
          danger
          onConfirm={() => void writes.remove(removed)}
          onClose={() => setRemoved(null)}
        >
          <p>{removed.contact_count ? t.removeText(removed.contact_count) : t.removeEmptyText}</p>
        </ConfirmDialog>
      )}
    </>
  );
}

const valuesOf = ({ name, colour }: Category): CategoryValues => ({ name, colour });
