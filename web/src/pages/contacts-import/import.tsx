import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/client';
import { read } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { number, percent } from '../../i18n/format';
import { useLivePart } from '../../live/use-live';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { Card, ErrorState, Skeleton, StatTile, StatTiles } from '../../ui/layout';
import { Link } from '../../ui/link';
import { Notice } from '../../ui/notice';
import { Progress } from '../../ui/progress';
import { fileProblem } from './file-problem';
import { Rejected } from './rejected';
import { Steps } from './steps';
import { useWords } from './words';

type ImportOut = Schemas['ImportOut'];

const UNDER_WAY = ['queued', 'running'];

/** One import: how far it is, and what came of it. */
export function Import({ id }: { id: string }) {
  const query = useQuery(read('/api/imports/{import_id}', { path: { import_id: id } }));
  const live = useLivePart(({ imports }) => imports.find((each) => each.id === id));
  if (query.isPending) {
    return (
      <Card>
        <Skeleton lines={4} height="3rem" />
      </Card>
    );
  }
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  // Events are ahead of the answer as long as rows are read, and forget an import that has ended.
  const isAhead = live !== undefined && !query.data.finished_at && live.rows_read >= query.data.rows_read;
  const shown: ImportOut = isAhead ? { ...query.data, ...live, size_bytes: query.data.size_bytes } : query.data;
  return UNDER_WAY.includes(shown.state) ? <UnderWay of={shown} /> : <Result of={shown} />;
}

function UnderWay({ of: it }: { of: ImportOut }) {
  const t = useWords();
  const client = useQueryClient();
  const [isAsking, setAsking] = useState(false);
  const { id, file_name: name, position_bytes: done, size_bytes: size, rows_read: rows } = it;

  async function cancel() {
    await call('post', '/api/imports/{import_id}/cancel', { path: { import_id: id } });
    await client.invalidateQueries({ queryKey: ['imports'] });
  }
  return (
    <Card>
      <Steps current="import" />
      <h2 className="import-file">{name ?? t.noName}</h2>
      <div className="row spread">
        <p aria-live="off">{it.state === 'queued' ? t.waiting : t.rowsRead(rows)}</p>
        <strong>{percent(size ? done / size : 0)}</strong>
      </div>
      <Progress label={t.progress} value={done} max={size} />
      <Numbers of={it} />
      <p className="muted small">{t.mayLeave}</p>
      <div className="import-actions">
        <Button icon="stop" onClick={() => setAsking(true)}>
          {t.cancel}
        </Button>
      </div>
      {isAsking && (
        <ConfirmDialog
          title={t.cancelTitle}
          confirm={t.cancel}
          danger
          onConfirm={cancel}
          onClose={() => setAsking(false)}
        >
          <p>{t.cancelText(it.created + it.updated)}</p>
        </ConfirmDialog>
      )}
    </Card>
  );
}

function Result({ of: it }: { of: ImportOut }) {
  const t = useWords();
  const { id, file_name: name, state, category_id: category, created, updated, rejected } = it;
  return (
    <>
      <Card>
        <Steps current="import" />
        <h2 className="import-file">{name ?? t.noName}</h2>
        {state === 'completed' && (
          <Notice tone={rejected ? 'warn' : 'good'}>
            {rejected ? t.doneWithRejected(rejected) : t.done(created + updated)}
          </Notice>
        )}
        {state === 'cancelled' && <Notice tone="warn">{t.cancelled}</Notice>}
        {state === 'failed' && (
          <Notice tone="bad">
            {t.failed} {fileProblem(t, it.error ?? '')}
          </Notice>
        )}
        <Numbers of={it} />
        <div className="import-actions">
          <Link href="/contacts/import" as="quiet" icon="upload">
            {t.another}
          </Link>
          {category && (
            <Link href={`/campaigns/new?category_id=${category}`} as="plain" icon="campaigns">
              {t.newCampaign}
            </Link>
          )}
          <Link
            href={category ? `/contacts?category_id=${category}` : '/contacts'}
            as="primary"
            icon="contacts"
          >
            {t.showContacts}
          </Link>
        </div>
      </Card>
      {rejected > 0 && <Rejected id={id} count={rejected} />}
    </>
  );
}

function Numbers({ of: it }: { of: ImportOut }) {
  const t = useWords();
  const { created, updated, skipped, rejected, opted_out: optedOut } = it;
  return (
    <StatTiles>
      <StatTile label={t.created} value={number(created)} />
      <StatTile label={t.updated} value={number(updated)} />
      {skipped > 0 && <StatTile label={t.skipped} value={number(skipped)} />}
      <StatTile label={t.rejected} value={number(rejected)} tone={rejected ? 'bad' : 'neutral'} />
      {optedOut > 0 && <StatTile label={t.optedOut} value={number(optedOut)} />}
    </StatTiles>
  );
}
