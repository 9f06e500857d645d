import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '../../api/client';
import { read } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { number } from '../../i18n/format';
import { Button } from '../../ui/button';
import { Card, Empty } from '../../ui/layout';
import { Notice } from '../../ui/notice';
import { StatusPill, Time } from '../../ui/state';
import { Table } from '../../ui/table';
import { useWords } from './words';

type Finding = Schemas['FindingOut'];

const LOOK_EVERY_MS = 5000;

/** What the last look for things left behind has found, and whether a restored installation waits. */
export function Upkeep() {
  const t = useWords();
  const client = useQueryClient();
  const { data } = useQuery({ ...read('/api/upkeep', {}), refetchInterval: LOOK_EVERY_MS });
  const outdated = () => client.invalidateQueries({ queryKey: ['upkeep'] });
  const look = useMutation({ mutationFn: () => call('post', '/api/upkeep', {}), onSettled: outdated });
  const confirm = useMutation({
    mutationFn: () => call('post', '/api/restore/confirm', {}),
    onSettled: outdated,
  });
  if (!data) return null;
  const last = data.runs.find((run) => run.finished_at !== null);
  const findings = last ? last.looked.flatMap((part) => part.findings) : [];
  return (
    <Card
      title={t.upkeep}
      actions={
        <Button size="small" busy={look.isPending} onClick={() => look.mutate()}>
          {t.lookNow}
        </Button>
      }
    >
      <div className="stack">
        {data.held && (
          <Notice
            tone="bad"
            action={
              data.held.confirmed_at === null && (
                <Button size="small" busy={confirm.isPending} onClick={() => confirm.mutate()}>
                  {t.confirmRestore}
                </Button>
              )
            }
          >
            {data.held.confirmed_at === null ? t.held(data.held.reason) : t.askingGateway}
          </Notice>
        )}
        {last ? (
          <p className="muted small">
            {t.lastLook} <Time at={last.started_at} />
          </p>
        ) : (
          <Empty icon="monitoring" title={t.neverLooked} />
        )}
        {last && findings.length === 0 && <Notice tone="good">{t.nothingFound}</Notice>}
        {findings.length > 0 && <Findings findings={findings} />}
      </div>
    </Card>
  );
}

function Findings({ findings }: { findings: readonly Finding[] }) {
  const t = useWords();
  const names: Readonly<Record<string, string>> = t.findings;
  return (
    <Table
      label={t.upkeep}
      rows={findings.map((finding, place) => ({ ...finding, place }))}
      rowKey={({ kind, place }) => `${kind} ${place}`}
      columns={[
        {
          id: 'kind',
          label: t.found,
          cell: ({ kind, detail }) => <span title={detail}>{names[kind] ?? kind}</span>,
        },
        { id: 'count', label: t.howMany, numeric: true, cell: ({ found }) => number(found) },
        {
          id: 'fixed',
          label: t.repaired,
          cell: ({ found, fixed }) => (
            <StatusPill
              state={fixed === found ? t.all : t.partly(fixed, found)}
              tone={fixed === found ? 'good' : 'warn'}
            />
          ),
        },
      ]}
    />
  );
}
