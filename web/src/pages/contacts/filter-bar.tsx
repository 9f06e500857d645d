import { Button } from '../../ui/button';
import { Select } from '../../ui/field';
import { SearchField } from '../../ui/search-field';
import { useSearchParam } from '../../ui/url-state';
import type { Category } from '../categories/use-categories';
import { clearFilters, type Filters, isFiltered } from './filters';
import { useWords } from './words';

export function FilterBar({ filters, categories }: { filters: Filters; categories: readonly Category[] }) {
  const t = useWords();
  const [, setCategory] = useSearchParam('category_id');
  const [, setWhatsapp] = useSearchParam('whatsapp');
  const [, setOptedOut] = useSearchParam('opted_out');
  return (
    <search className="filter-bar">
      <SearchField label={t.search} />
      <Select
        aria-label={t.category}
        value={filters.category_id ?? ''}
        onChange={setCategory}
        options={[
          { value: '', label: t.anyCategory },
          ...categories.map(({ id, name }) => ({ value: id, label: name })),
        ]}
      />
      <Select
        aria-label={t.whatsapp}
        value={filters.whatsapp ?? ''}
        onChange={setWhatsapp}
        options={[
          { value: '', label: t.anyWhatsapp },
          { value: 'yes', label: t.whatsappStates.yes },
          { value: 'no', label: t.whatsappStates.no },
          { value: 'unknown', label: t.whatsappStates.unknown },
        ]}
      />
      <Select
        aria-label={t.optOutState}
        value={filters.opted_out === null ? '' : String(filters.opted_out)}
        onChange={setOptedOut}
        options={[
          { value: '', label: t.anyOptOut },
          { value: 'false', label: t.notOptedOut },
          { value: 'true', label: t.optedOut },
        ]}
      />
      {isFiltered(filters) && (
        <Button kind="quiet" icon="close" onClick={clearFilters}>
          {t.clearFilters}
        </Button>
      )}
    </search>
  );
}
