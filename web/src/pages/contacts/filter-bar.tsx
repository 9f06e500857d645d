import { useState } from 'react';
import type { Category } from '../../api/categories';
import { Button } from '../../ui/button';
import { Select } from '../../ui/field';
import { useNarrow } from '../../ui/narrow';
import { SearchField } from '../../ui/search-field';
import { useSearchParam } from '../../ui/url-state';
import type { Filters } from './filters';
import { useWords } from './words';

interface FilterBarProps {
  filters: Filters;
  categories: readonly Category[];
}

/** On a phone, the filters besides the search are shown when they are asked for. */
export function FilterBar({ filters, categories }: FilterBarProps) {
  const t = useWords();
  const isNarrow = useNarrow();
  const [shown, setShown] = useState(false);
  const { q: _, ...chosen } = filters;
  const used = Object.values(chosen).filter((value) => value !== null).length;
  return (
    <search className="filter-bar">
      <SearchField label={t.search} />
      {isNarrow && (
        <Button icon="filter" label={t.filters(used)} pressed={used > 0} onClick={() => setShown(!shown)} />
      )}
      {(!isNarrow || shown) && <Selects filters={filters} categories={categories} />}
    </search>
  );
}

function Selects({ filters, categories }: FilterBarProps) {
  const t = useWords();
  const [, setCategory] = useSearchParam('category_id');
  const [, setWhatsapp] = useSearchParam('whatsapp');
  const [, setOptedOut] = useSearchParam('opted_out');
  return (
    <>
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
    </>
  );
}
