import { useInfiniteQuery } from '@tanstack/react-query';
import { list } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { number } from '../../i18n/format';
import { Card, Empty, ErrorState, Skeleton } from '../../ui/layout';
import { ShowMore } from '../../ui/more';
import { PartsBar } from '../../ui/progress';
import { Time } from '../../ui/state';
import { type Column, Table } from '../../ui/table';
import { type Campaign, placeOf } from './data';
import { useSenderNames } from './sender-names';
import { useWords } from './words';

type Batch = Schemas['BatchProgress'];

const AT_ONCE = 20;

/** The parts in which contacts are begun with, the latest first. */
export function Batches({ campaign }: { campaign: Campaign }) {
  const t = useWords();
  const batches = useInfiniteQuery(
    list('/api/campaigns/{campaign_id}/batches', { ...placeOf(campaign.id), query: { limit: AT_ONCE } }),
  );
  const columns = useColumns(campaign.sender_ids.length > 1);
  const rows = batches.data?.pages.flatMap(({ items }) => items);
  return (
    <Card title={t.batches} flush>
      {!rows &&
        (batches.isError ? (
          <ErrorState error={batches.error} onRetry={() => void batches.refetch()} />
        ) : (
          <Skeleton lines={4} height="2.25rem" />
        ))}
      {rows?.length === 0 && <Empty icon="clock" title={t.noBatches} />}
      {rows && rows.length > 0 && (
        <Table label={t.batches} columns={columns} rows={rows} rowKey={({ batch }) => String(batch)} />
      )}
      <ShowMore of={batches} className="list-more" />
    </Card>
  );
}

function useColumns(withSender: boolean): readonly Column<Batch>[] {
  const { batchColumns: t } = useWords();
  const senderName = useSenderNames();
  const sender: Column<Batch> = {
    id: 'sender',
    label: t.sender,
    cell: (batch) => <span className="nowrap">{senderName(batch.sender_id)}</span>,
    minor: true,
  };
  return [
    // People count from one.
    { id: 'batch', label: t.batch, cell: ({ batch }) => number(batch + 1) },
    ...(withSender ? [sender] : []),
    {
      id: 'started',
      label: t.started,
      cell: ({ started_at: at }) => (
        <span className="nowrap">
          <Time at={at} />
        </span>
      ),
    },
    { id: 'progress', label: t.progress, cell: (batch) => <BatchParts batch={batch} /> },
  ];
}

function BatchParts({ batch: { contacts, pending, waiting, final } }: { batch: Batch }) {
  const t = useWords();
  return (
    <div className="batch-parts">
      <PartsBar
        label={t.batchColumns.progress}
        total={contacts}
        parts={[
          { label: t.batchParts.final, value: final, shade: 1 },
          { label: t.batchParts.waiting, value: waiting, shade: 3 },
        ]}
      />
      <span className="muted small">{t.batchText(final, waiting, pending)}</span>
    </div>
  );
}
