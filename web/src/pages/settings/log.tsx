import { useQuery } from '@tanstack/react-query';
import { list, read } from '../../api/queries';
import { useRows } from '../../optimistic/use-optimistic';
import { Button } from '../../ui/button';
import { Field, Select } from '../../ui/field';
import { Card, Empty, ErrorState, Skeleton } from '../../ui/layout';
import { Link } from '../../ui/link';
import { Time } from '../../ui/state';
import { type Column, Table } from '../../ui/table';
import { useSearchParam } from '../../ui/url-state';
import type { Sender } from '../senders/sender';
import { type Entry, useAudit } from './audit';
import { changesOf } from './log-words';
import type { Setting } from './setting';
import { useWords, type Words } from './words';

export function Log() {
  const t = useWords();
  const [about, setAbout] = useSearchParam('about');
  const log = useAudit({ subject_type: about || undefined });
  const settings = useQuery(read('/api/settings', {}));
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
      {log.entries && settings.data ? (
        <Card flush>
          <Entries entries={log.entries} settings={settings.data} />
          {log.hasNextPage && (
            <div className="row setting-more">
              <Button size="small" busy={log.isFetching} onClick={() => void log.fetchNextPage()}>
                {t.more}
              </Button>
              <span className="muted small">{t.loaded(log.entries.length)}</span>
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

function Entries({ entries, settings }: { entries: readonly Entry[]; settings: readonly Setting[] }) {
  const t = useWords();
  const { rows: senders } = useRows<Sender>('senders', list('/api/senders', {}));
  if (entries.length === 0) {
    return (
      <Empty icon="clock" title={t.noEntries}>
        {t.noEntriesExplained}
      </Empty>
    );
  }
  return (
    <Table
      label={t.tabs.audit}
      columns={columnsOf(t, settings, senders)}
      rows={entries}
      rowKey={({ id }) => id}
    />
  );
}

const columnsOf = (
  t: Words,
  settings: readonly Setting[],
  senders: readonly Sender[],
): readonly Column<Entry>[] => [
  {
    id: 'who',
    label: t.who,
    cell: ({ at, actor }) => (
      <>
        {actor === 'somebody' ? t.somebody : actor}
        <span className="field-hint">
          <Time at={at} exact />
        </span>
      </>
    ),
  },
  {
    id: 'what',
    label: t.what,
    cell: (entry) => (
      <>
        {(t.actions as Readonly<Record<string, string>>)[entry.action] ?? entry.action}
        <Subject entry={entry} senders={senders} />
      </>
    ),
  },
  {
    id: 'detail',
    label: t.detail,
    cell: (entry) => (
      <ul className="log-changes">
        {changesOf(t, entry, settings).map((change) => (
          <li key={change}>{change}</li>
        ))}
      </ul>
    ),
  },
];

/** A way to what it was about, where that has a place of its own. */
function Subject({ entry: { subject_type: type, subject_id: id }, senders }: SubjectProps) {
  const t = useWords();
  const sender = senders.find((each) => each.id === id);
  if (type === 'campaign') return <Aside href={`/campaigns/${id}`}>{t.aboutCampaign}</Aside>;
  return sender ? <Aside href={`/senders?sender=${id}`}>{sender.name}</Aside> : null;
}

interface SubjectProps {
  entry: Entry;
  senders: readonly Sender[];
}

const Aside = ({ href, children }: { href: string; children: string }) => (
  <span className="small">
    {' · '}
    <Link href={href}>{children}</Link>
  </span>
);
