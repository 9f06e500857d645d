import { useMemo } from 'react';
import { list } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { number } from '../../i18n/format';
import { useLivePart } from '../../live/use-live';
import { useRows } from '../../optimistic/use-optimistic';
import { Card, ErrorState, Skeleton } from '../../ui/layout';
import { Link } from '../../ui/link';
import { ShowMore } from '../../ui/more';
import type { Tone } from '../../ui/notice';
import { Time } from '../../ui/state';
import { type Column, Table } from '../../ui/table';
import { useWords } from './words';

type ImportOut = Schemas['ImportOut'];

const PAGE = 10;

/** Every import there was, the latest first. */
export function Earlier({ current }: { current: string }) {
  const t = useWords();
  const query = useRows<ImportOut>('imports', list('/api/imports', { query: { limit: PAGE } }));
  const live = useLivePart(({ imports }) => imports);
  const columns = useColumns();
  const rows = query.rows
    .filter(({ id }) => id !== current)
    .map((row) => {
      const now = live?.find(({ id }) => id === row.id);
      return now && !row.finished_at ? { ...row, ...now, size_bytes: row.size_bytes } : row;
    });
  if (!query.isPending && !query.isError && rows.length === 0) return null;
  return (
    <Card flush title={t.earlier}>
      {query.isPending ? (
        <Skeleton lines={3} height="2.25rem" />
      ) : query.isError && rows.length === 0 ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Table label={t.earlier} columns={columns} rows={rows} rowKey={({ id }) => id} />
      )}
      <ShowMore of={query} className="list-more" />
    </Card>
  );
}

function useColumns(): readonly Column<ImportOut>[] {
  const t = useWords();
  return useMemo(
    () => [
      {
        id: 'file',
        label: t.file,
        cell: ({ id, file_name: name }) => <Link href={`/contacts/import?id=${id}`}>{name ?? t.noName}</Link>,
      },
      {
        id: 'at',
        label: t.when,
        minor: true,
        cell: ({ created_at: at }) => (
          <span className="muted nowrap">
            <Time at={at} />
          </span>
        ),
      },
      { id: 'state', label: t.state, cell: ({ state }) => <State state={state} /> },
      { id: 'created', label: t.created, numeric: true, minor: true, cell: ({ created }) => number(created) },
      { id: 'updated', label: t.updated, numeric: true, minor: true, cell: ({ updated }) => number(updated) },
      { id: 'rejected', label: t.rejected, numeric: true, cell: ({ rejected }) => number(rejected) },
    ],
    [t],
  );
}

const TONES: Readonly<Record<string, Tone>> = { running: 'good', queued: 'info', failed: 'bad' };

function State({ state }: { state: string }) {
  const t = useWords();
  const words: Readonly<Record<string, string>> = t.states;
  return <span className={`pill tone-${TONES[state] ?? 'neutral'}`}>{words[state] ?? state}</span>;
}
