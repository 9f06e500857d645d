import { list } from '../../i18n/format';
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

/** Each by its name; most workers do all there is. */
function workOf(roles: readonly string[], t: Words): string {
  const names: Readonly<Record<string, string>> = t.roles;
  return roles.length === Object.keys(names).length
    ? t.everything
    : list(roles.map((role) => names[role] ?? role));
}

const columnsOf = (t: Words): readonly Column<Worker>[] => [
  {
    id: 'process',
    label: t.process,
    cell: ({ host, process_id: process, build_id: build }) => (
      <>
        {host} <span className="muted">· {process}</span>
        {build !== null && <span className="muted small"> · {t.version(build)}</span>}
      </>
    ),
  },
  { id: 'work', label: t.work, cell: ({ roles }) => workOf(roles, t) },
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
