import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { navigate } from 'wouter/use-browser-location';
import { useCategories } from '../../api/categories';
import { list, read } from '../../api/queries';
import { useRows } from '../../optimistic/use-optimistic';
import { Button } from '../../ui/button';
import { Empty, ErrorState } from '../../ui/layout';
import { Link } from '../../ui/link';
import { VirtualTable } from '../../ui/virtual-table';
import { CheckProgress } from './check-progress';
import { type Contact, isArriving } from './contact';
import { ContactDialogs } from './contact-dialogs';
import { ContactPanel } from './contact-panel';
import { FilterBar } from './filter-bar';
import { clearFilters, isFiltered, useFilters } from './filters';
import { ListBar } from './list-bar';
import type { Open, Opened } from './opened';
import { useColumns } from './use-columns';
import { useSelection } from './use-selection';
import { useWords } from './words';

/** As many rows as a screen shows, while nobody knows how many there are. */
const EXPECTED = 12;

export function ContactsTab({ opened, open }: { opened: Opened | null; open: Open }) {
  const t = useWords();
  const { filters, order } = useFilters();
  // With other filters, the rows before stay until there are others.
  const options = {
    ...list('/api/contacts', { query: { ...filters, order } }),
    placeholderData: keepPreviousData,
  };
  const query = useRows<Contact>('contacts', options);
  const count = useQuery({
    ...read('/api/contacts/count', { query: { ...filters } }),
    placeholderData: keepPreviousData,
  }).data?.count;
  const { rows, hasNextPage, isPending, fetchNextPage } = query;
  const categories = useCategories().rows;
  const total = hasNextPage || isPending ? count : rows.length;
  const { selection, whom, selectAll, clear } = useSelection(rows, total, filters);
  const columns = useColumns(categories, open);
  const more = useCallback(() => void fetchNextPage(), [fetchNextPage]);

  return (
    <>
      <CheckProgress />
      <FilterBar filters={filters} categories={categories} />
      <ListBar order={order} total={total} whom={whom} onSelectAll={selectAll} onClear={clear} open={open} />
      {query.isError && rows.length === 0 ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <div className={`contacts-list${query.isPlaceholderData ? ' contacts-list-old' : ''}`}>
          <VirtualTable
            label={t.title}
            columns={columns}
            rows={rows}
            total={total ?? EXPECTED}
            hasMore={isPending || hasNextPage}
            loadingMore={query.isFetchingNextPage || isPending}
            onMore={more}
            error={query.isFetchNextPageError ? query.error : undefined}
            selection={selection}
            onOpen={showContact}
            empty={<NoContacts filtered={isFiltered(filters)} open={open} />}
          />
        </div>
      )}
      <ContactPanel categories={categories} open={open} />
      <ContactDialogs opened={opened} open={open} categories={categories} onDone={clear} />
    </>
  );
}

/** In the address, so that Back closes it, and that it can be sent to somebody. */
function showContact(contact: Contact): void {
  if (isArriving(contact)) return;
  const params = new URLSearchParams(location.search);
  params.set('contact', contact.id);
  navigate(`${location.pathname}?${params}`);
}

function NoContacts({ filtered, open }: { filtered: boolean; open: Open }) {
  const t = useWords();
  if (filtered) {
    return (
      <Empty icon="search" title={t.noMatch} action={<Button onClick={clearFilters}>{t.clearFilters}</Button>}>
        {t.noMatchExplained}
      </Empty>
    );
  }
  return (
    <Empty
      icon="contacts"
      title={t.none}
      action={
        <div className="row">
          <Button icon="plus" onClick={() => open({ kind: 'form' })}>
            {t.add}
          </Button>
          <Link href="/contacts/import" as="primary" icon="upload">
            {t.importFile}
          </Link>
        </div>
      }
    >
      {t.noneExplained}
    </Empty>
  );
}
