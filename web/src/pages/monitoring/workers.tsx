import { Card, Empty } from '../../ui/layout';
import { StatusPill, Time } from '../../ui/state';
import { type Column, Table } from '../../ui/table';
import type { Monitoring } from './numbers';
import { useWords, type Words } from './words';

type Worker = Monitoring['workers'][number];

export function Workers({ workers }: { workers: readonly Worker[] }) {
  const t = useWords();
  return (
    <Card title={t.workers} flush>
      {workers.length === 0 ? (
        <Empty icon="monitoring" title={t.noWorkers} />
      ) : (
        <Table label={t.workers} columns={columnsOf(t)} rows={workers} rowKey={({ id }) => id} />
      )}
    </Card>
  );
}

const columnsOf = (t: Words): readonly Column<Worker>[] => [
  {
    id: 'process',
    label: t.process,
    cell: ({ host, process_id: process }) => (
      <>
        {host} <span className="muted">· {process}</span>
      </>
    ),
  },
  {
    id: 'alive',
    label: t.state,
    cell: ({ alive, beat_at: beat }) => (
      <span className="row">
        <StatusPill state={alive ? t.alive : t.dead} tone={alive ? 'good' : 'neutral'} />
        {!alive && (
          <span className="muted small">
            {t.beat} <Time at={beat} />
          </span>
        )}
      </span>
    ),
  },
  { id: 'since', label: t.since, cell: ({ started_at: at }) => <Time at={at} /> },
];
