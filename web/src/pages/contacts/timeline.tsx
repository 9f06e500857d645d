import { useInfiniteQuery } from '@tanstack/react-query';
import { list } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { Icon, type IconName } from '../../ui/icon';
import { ErrorState, Skeleton } from '../../ui/layout';
import { Link } from '../../ui/link';
import { ShowMore } from '../../ui/more';
import { StatusPill, Time } from '../../ui/state';
import { useWords } from './words';

type Entry = Schemas['TimelineEntry'];

const ICONS: Readonly<Record<string, IconName>> = {
  message_sent: 'send',
  message_delivered: 'check',
  message_read: 'check',
  message_failed: 'error',
  interaction: 'messages',
  state: 'campaigns',
  opted_out: 'stop',
  contact_created: 'plus',
};

/** What happened between a contact and us, the latest first. */
export function Timeline({ contactId }: { contactId: string }) {
  const query = useInfiniteQuery(
    list('/api/contacts/{contact_id}/timeline', { path: { contact_id: contactId }, query: { limit: 50 } }),
  );
  if (query.isPending) return <Skeleton lines={4} height="2rem" />;
  if (query.isError && !query.data)
    return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  const entries = query.data.pages.flatMap(({ items }) => items);
  return (
    <>
      <ol className="timeline">
        {entries.map((entry) => (
          <li key={`${entry.kind}/${entry.at}/${entry.campaign_id}`}>
            <Icon name={ICONS[entry.kind] ?? 'info'} />
            <Happened entry={entry} />
          </li>
        ))}
      </ol>
      <ShowMore of={query} />
    </>
  );
}

function Happened({ entry }: { entry: Entry }) {
  const t = useWords();
  const { kind, campaign_id: campaign, campaign_name: name, at, detail } = entry;
  const [first = '', ...rest] = detail?.split(': ') ?? [];
  const titles: Readonly<Record<string, string>> = t.happened;
  const kinds: Readonly<Record<string, string>> = t.interactions;
  const isCoded = kind === 'state' || kind === 'interaction';
  const text = isCoded ? rest.join(': ') : detail;
  const message = entry.message_type === 'message_2' ? t.message2 : t.message1;
  return (
    <div className="happened">
      <p>
        {kind === 'state' ? (
          <StatusPill state={first} />
        ) : (
          <strong>{kind === 'interaction' ? (kinds[first] ?? t.interaction) : (titles[kind] ?? kind)}</strong>
        )}
        {entry.message_type && <span className="muted"> · {message}</span>}
      </p>
      {text && <p className="happened-text">{text}</p>}
      <p className="muted small">
        <Time at={at} exact />
        {campaign && (
          <>
            {' · '}
            <Link href={`/campaigns/${campaign}`}>{name}</Link>
          </>
        )}
      </p>
    </div>
  );
}
