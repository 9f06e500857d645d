import './style.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo, useRef } from 'react';
import { useSearch } from 'wouter';
import { navigate } from 'wouter/use-browser-location';
import { isShort } from '../../api/long-lists';
import { list, read } from '../../api/queries';
import type { Live } from '../../live/apply';
import { useLivePart } from '../../live/use-live';
import { useRows } from '../../optimistic/use-optimistic';
import { Button } from '../../ui/button';
import { Icon } from '../../ui/icon';
import { Empty, ErrorState, PageHeader, Skeleton } from '../../ui/layout';
import { Link } from '../../ui/link';
import { useSearchParam } from '../../ui/url-state';
import { VirtualTable } from '../../ui/virtual-table';
import { columnsOf, type Message } from './columns';
import { FilterBar } from './filter-bar';
import { exportUrl, filtersOf, queryOf } from './filters';
import { MessagePanel } from './message-panel';
import { useWords } from './words';

export default function MessagesPage() {
  const t = useWords();
  const filters = filtersOf(useSearch());
  const [opened, open] = useSearchParam('message');
  const options = list('/api/messages', { query: queryOf(filters) });
  const found = useRows<Message>('messages', options);
  const onOpen = useCallback(({ id }: Message) => open(id), [open]);
  const file = exportUrl(filters);
  return (
    <>
      <PageHeader
        title={t.title}
        sub={t.sub}
        actions={
          file && (
            <a className="button button-plain" href={file} download>
              <Icon name="download" />
              {t.exportCsv}
            </a>
          )
        }
      />
      <FilterBar filters={filters}>
        {found.data && <News updatedAt={found.dataUpdatedAt} queryKey={options.queryKey} />}
      </FilterBar>
      <Found found={found} isFiltered={Object.values(filters).some(Boolean)} onOpen={onOpen} />
      {opened && <MessagePanel key={opened} id={opened} onClose={() => open('')} />}
    </>
  );
}

interface FoundProps {
  found: ReturnType<typeof useRows<Message>>;
  isFiltered: boolean;
  onOpen: (message: Message) => void;
}

function Found({ found, isFiltered, onOpen }: FoundProps) {
  const t = useWords();
  const senders = useQuery(read('/api/senders', { query: { limit: 200 } }));
  const columns = useMemo(() => columnsOf(t, senders.data?.items ?? []), [t, senders.data]);
  const more = useCallback(() => void found.fetchNextPage(), [found.fetchNextPage]);
  if (!found.data)
    return found.isError ? (
      <ErrorState error={found.error} onRetry={() => void found.refetch()} />
    ) : (
      <Skeleton lines={12} height="2rem" />
    );
  return (
    <div className="message-list">
      <VirtualTable
        label={t.title}
        columns={columns}
        rows={found.rows}
        hasMore={found.hasNextPage}
        loadingMore={found.isFetchingNextPage}
        onMore={more}
        error={found.isFetchNextPageError ? found.error : undefined}
        onOpen={onOpen}
        empty={<Nothing isFiltered={isFiltered} />}
      />
    </div>
  );
}

/** Everything that moves a message changes one of these. */
const activityOf = ({ campaigns }: Live): number =>
  campaigns.reduce(
    (sum, each) => sum + each.messages_sent + each.messages_delivered + each.messages_read + each.failures,
    0,
  );

/** Rows that move while somebody reads them help nobody: it is said that there are others. */
function News({ updatedAt, queryKey }: { updatedAt: number; queryKey: readonly unknown[] }) {
  const t = useWords();
  const client = useQueryClient();
  const activity = useLivePart(activityOf);
  const seen = useRef({ updatedAt: 0, activity });
  if (seen.current.updatedAt !== updatedAt || seen.current.activity === undefined)
    seen.current = { updatedAt, activity };
  if (activity === undefined || seen.current.activity === activity) return null;

  function refresh() {
    const query = client.getQueryCache().find({ queryKey });
    if (query && isShort(query)) void client.refetchQueries({ queryKey });
    else void client.resetQueries({ queryKey });
  }

  return (
    <div className="message-news">
      <Button size="small" icon="refresh" onClick={refresh}>
        {t.news}
      </Button>
    </div>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  const t = useWords();
  return isFiltered ? (
    <Empty
      icon="search"
      title={t.nothingFound}
      action={<Button onClick={() => navigate('/messages', { replace: true })}>{t.clear}</Button>}
    >
      {t.nothingFoundExplained}
    </Empty>
  ) : (
    <Empty
      icon="messages"
      title={t.none}
      action={
        <Link href="/campaigns" as="plain">
          {t.toCampaigns}
        </Link>
      }
    >
      {t.noneExplained}
    </Empty>
  );
}
