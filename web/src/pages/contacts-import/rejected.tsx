import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { list } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { number } from '../../i18n/format';
import { phoneProblem } from '../../i18n/phone-problem';
import { Icon } from '../../ui/icon';
import { Card, ErrorState, Skeleton } from '../../ui/layout';
import { ShowMore } from '../../ui/more';
import { type Column, Table } from '../../ui/table';
import { useWords } from './words';

type Row = Schemas['RejectedOut'];

/** The rows that are no contacts, and why. */
export function Rejected({ id, count }: { id: string; count: number }) {
  const t = useWords();
  const query = useInfiniteQuery(
    list('/api/imports/{import_id}/rejected', { path: { import_id: id }, query: { limit: 50 } }),
  );
  const rows = query.data?.pages.flatMap(({ items }) => items) ?? [];
  const columns = useMemo(
    (): readonly Column<Row>[] => [
      { id: 'line', label: t.line, cell: ({ line }) => number(line), numeric: true },
      { id: 'value', label: t.value, cell: ({ value }) => value || <span className="muted">{t.empty}</span> },
      { id: 'reason', label: t.reason, cell: ({ reason }) => phoneProblem(reason) },
    ],
    [t],
  );
  return (
    <Card
      flush
      title={t.rejectedTitle(count)}
      actions={
        <a className="button button-plain" href={`/api/imports/${id}/rejected.csv`} download>
          <Icon name="download" />
          {t.download}
        </a>
      }
    >
      {query.isPending ? (
        <Skeleton lines={3} height="2.25rem" />
      ) : query.isError && rows.length === 0 ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Table
          label={t.rejectedTitle(count)}
          columns={columns}
          rows={rows}
          rowKey={({ line }) => String(line)}
        />
      )}
      <ShowMore of={query} className="list-more" />
    </Card>
  );
}
