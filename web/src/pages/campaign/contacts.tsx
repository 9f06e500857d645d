import type { InfiniteData } from '@tanstack/react-query';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { list } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { Button } from '../../ui/button';
import { Select } from '../../ui/field';
import { Empty, ErrorState, Skeleton } from '../../ui/layout';
import { useNarrow } from '../../ui/narrow';
import { SearchField } from '../../ui/search-field';
import { PhoneNumber, StatusPill, Time } from '../../ui/state';
import type { Column } from '../../ui/table';
import { useSearchParam } from '../../ui/url-state';
import { VirtualTable } from '../../ui/virtual-table';
import { ContactPanel } from './contact-panel';
import { type Campaign, placeOf, type Statistics } from './data';
import { STATE_TONES, stateName } from './states';
import { type CampaignWords, useWords } from './words';

type Row = Schemas['ListedContact'] & { readonly id: string };

const SHORTEST_SEARCH = 3;

/** Everybody in it, with how far each got. */
export function Contacts({ campaign, statistics }: { campaign: Campaign; statistics: Statistics }) {
  const t = useWords();
  const [state, setState] = useSearchParam('state');
  const [q, setQ] = useSearchParam('q');
  const [opened, open] = useSearchParam('contact');
  const searched = q.trim().length >= SHORTEST_SEARCH ? q.trim() : undefined;
  const query = { state: (state || undefined) as 'pending' | undefined, q: searched };
  const found = useInfiniteQuery(
    list('/api/campaigns/{campaign_id}/contacts', { ...placeOf(campaign.id), query }),
  );
  const rows = useMemo(() => rowsOf(found.data), [found.data]);
  const columns = useMemo(() => columnsOf(t), [t]);
  const onOpen = useCallback(({ id }: Row) => open(id), [open]);
  const more = useCallback(() => void found.fetchNextPage(), [found.fetchNextPage]);
  const counts = statistics.contacts_by_state;
  const total = searched ? undefined : state ? counts[state] : statistics.enrolled_contacts;
  const row = rows.find(({ id }) => id === opened);

  return (
    <div className="campaign-contacts">
      <div className="row filters">
        <SearchField label={t.search} />
        <Select
          aria-label={t.stateFilter}
          value={state}
          onChange={setState}
          options={[
            { value: '', label: t.anyState(statistics.enrolled_contacts) },
            ...Object.entries(counts).map(([each, count]) => ({
              value: each,
              label: t.stateCount(stateName(t, each), count),
            })),
          ]}
        />
      </div>
      {found.data ? (
        <VirtualTable
          label={t.tabs.contacts}
          columns={columns}
          rows={rows}
          total={total}
          hasMore={found.hasNextPage}
          loadingMore={found.isFetchingNextPage}
          onMore={more}
          error={found.isFetchNextPageError ? found.error : undefined}
          onOpen={onOpen}
          empty={
            <Nobody
              isFiltered={state !== '' || q !== ''}
              onAll={() => [setState, setQ].map((set) => set(''))}
            />
          }
        />
      ) : found.isError ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : (
        <Skeleton lines={12} height="2rem" />
      )}
      {opened && <ContactPanel campaign={campaign} contactId={opened} row={row} onClose={() => open('')} />}
    </div>
  );
}

const rowsOf = (data: InfiniteData<{ readonly items: readonly Schemas['ListedContact'][] }> | undefined) =>
  data?.pages.flatMap(({ items }) => items.map((item): Row => ({ ...item, id: item.contact_id }))) ?? [];

function Nobody({ isFiltered, onAll }: { isFiltered: boolean; onAll: () => void }) {
  const t = useWords();
  return isFiltered ? (
    <Empty icon="search" title={t.nobody} action={<Button onClick={onAll}>{t.allStates}</Button>}>
      {t.nobodyExplained}
    </Empty>
  ) : (
    <Empty icon="contacts" title={t.noContacts}>
      {t.noContactsExplained}
    </Empty>
  );
}

function columnsOf(t: CampaignWords): readonly Column<Row>[] {
  const status = (state: string | null) =>
    state && <StatusPill state={state} text={t.messageStates[state as 'sent']} />;
  return [
    { id: 'name', label: t.columns.contact, cell: (row) => <Name row={row} />, width: 'minmax(0, 1.3fr)' },
    {
      id: 'phone',
      label: t.columns.phone,
      cell: ({ phone }) => phone && <PhoneNumber value={phone} />,
      width: '10.5rem',
      minor: true,
    },
    {
      id: 'state',
      label: t.columns.state,
      cell: ({ state }) => <StatusPill state={state} tone={STATE_TONES[state]} text={stateName(t, state)} />,
      width: 'minmax(0, 1.2fr)',
    },
    { id: 'message_1', label: t.columns.message1, cell: (row) => status(row.message_1_status), minor: true },
    { id: 'message_2', label: t.columns.message2, cell: (row) => status(row.message_2_status), minor: true },
    {
      id: 'reaction',
      label: t.columns.reaction,
      cell: ({ last_interaction_at: at }) => at && <Time at={at} />,
      width: '10rem',
      minor: true,
    },
  ];
}

/** Where there is room, the number has a column of its own. */
function Name({ row: { name, phone } }: { row: Row }) {
  const t = useWords();
  const isNarrow = useNarrow();
  if (phone === null) return <span className="muted">{t.erased}</span>;
  if (name) return name;
  return isNarrow ? <PhoneNumber value={phone} /> : <span className="muted">{t.unnamed}</span>;
}
