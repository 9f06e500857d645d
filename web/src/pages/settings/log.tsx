import { useState } from 'react';
import { Button } from '../../ui/button';
import { Field, Select } from '../../ui/field';
import { Card, Empty, ErrorState, Skeleton } from '../../ui/layout';
import { Time } from '../../ui/state';
import { type Column, Table } from '../../ui/table';
import { useSearchParam } from '../../ui/url-state';
import { type Entry, useAudit } from './audit';
import { changesOf } from './log-words';
import { useWords, type Words } from './words';

const STEP = 100;
// What the API gives at most.
const MOST = 1000;

export function Log() {
  const t = useWords();
  const [about, setAbout] = useSearchParam('about');
  const [limit, setLimit] = useState(STEP);
  const log = useAudit({ subject_type: about || undefined }, limit);
  const options = Object.entries(t.subjectTypes).map(([value, label]) => ({ value, label }));
  return (
    <div className="settings">
      <div className="setting-scope">
        <Field label={t.subject}>
          <Select
            value={about}
            onChange={setAbout}
            options={[{ value: '', label: t.allSubjects }, ...options]}
          />
        </Field>
      </div>
      {log.data ? (
        <Card flush>
          <Entries entries={log.data} />
          {log.data.length >= limit && limit < MOST && (
            <div className="row setting-more">
              <Button size="small" busy={log.isFetching} onClick={() => setLimit(limit + STEP)}>
                {t.more}
              </Button>
              <span className="muted small">{t.loaded(log.data.length)}</span>
            </div>
          )}
        </Card>
      ) : log.isError ? (
        <ErrorState error={log.error} onRetry={() => void log.refetch()} />
      ) : (
        <Skeleton lines={6} height="2.5rem" />
      )}
    </div>
  );
}

function Entries({ entries }: { entries: readonly Entry[] }) {
  const t = useWords();
  if (entries.length === 0) {
    return (
      <Empty icon="clock" title={t.noEntries}>
        {t.noEntriesExplained}
      </Empty>
    );
  }
  return <Table label={t.tabs.audit} columns={columnsOf(t)} rows={entries} rowKey={({ id }) => id} />;
}

const columnsOf = (t: Words): readonly Column<Entry>[] => [
  {
    id: 'at',
    label: t.when,
    cell: ({ at }) => <Time at={at} />,
  },
  { id: 'who', label: t.who, cell: ({ actor }) => (actor === 'somebody' ? t.somebody : actor) },
  {
    id: 'what',
    label: t.what,
    cell: ({ action }) => (t.actions as Readonly<Record<string, string>>)[action] ?? action,
  },
  {
    id: 'detail',
    label: t.detail,
    minor: true,
    cell: (entry) => (
      <ul className="log-changes">
        {changesOf(t, entry).map((change) => (
          <li key={change}>{change}</li>
        ))}
      </ul>
    ),
  },
];
