import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { list, read } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { useCommon } from '../../i18n/words';
import { Dialog } from '../../ui/dialog';
import { Empty, ErrorState, Skeleton } from '../../ui/layout';
import { Link } from '../../ui/link';
import { ShowMore } from '../../ui/more';
import { PhoneNumber, StatusPill, Time } from '../../ui/state';
import type { Campaign } from './data';
import { STATE_TONES, stateName } from './states';
import { entryDetail, entryTitle } from './timeline-words';
import { useWords } from './words';

type Entry = Schemas['TimelineEntry'];

interface ContactPanelProps {
  campaign: Campaign;
  contactId: string;
  /** Where it is loaded already. */
  row: Schemas['ListedContact'] | undefined;
  onClose: () => void;
}

/** What happened between one contact and this campaign. */
export function ContactPanel({ campaign, contactId, row, onClose }: ContactPanelProps) {
  const t = useWords();
  const contact = useQuery({
    ...read('/api/contacts/{contact_id}', { path: { contact_id: contactId } }),
    enabled: row === undefined,
  });
  const phone = row?.phone ?? contact.data?.phone;
  const name = row?.name ?? contact.data?.name;
  const isErased = row ? row.phone === null : contact.isError;
  return (
    <Dialog side title={isErased ? t.erased : (name ?? t.unnamed)} onClose={onClose}>
      <div className="row spread">
        {phone ? <PhoneNumber value={phone} /> : <span />}
        {row && <StatusPill state={row.state} tone={STATE_TONES[row.state]} text={stateName(t, row.state)} />}
      </div>
      <Timeline campaignId={campaign.id} contactId={contactId} />
      <p>
        <Link href={`/messages?contact=${contactId}`}>{t.messagesOf}</Link>
      </p>
    </Dialog>
  );
}

function Timeline({ campaignId, contactId }: { campaignId: string; contactId: string }) {
  const t = useWords();
  const entries = useInfiniteQuery({
    ...list('/api/contacts/{contact_id}/timeline', {
      path: { contact_id: contactId },
      query: { campaign_id: campaignId },
    }),
    // Below its campaign, so that the events of that one bring it up to date.
    queryKey: ['campaigns', campaignId, 'timeline', contactId],
  });
  if (entries.isError) return <ErrorState error={entries.error} onRetry={() => void entries.refetch()} />;
  if (!entries.data) return <Skeleton lines={5} height="2.5rem" />;
  const shown = entries.data.pages.flatMap(({ items }) => items);
  if (shown.length === 0) return <Empty icon="clock" title={t.nothingYet} />;
  return (
    <section aria-label={t.timeline}>
      <ol className="timeline">
        {shown.map((entry) => (
          <TimelineEntry key={`${entry.kind}${entry.at}${entry.message_id}`} entry={entry} />
        ))}
      </ol>
      <ShowMore of={entries} />
    </section>
  );
}

/** What one of the two wrote; the rest is our own. */
const SAID = new Set(['message_sent', 'interaction']);

function TimelineEntry({ entry }: { entry: Entry }) {
  const t = useWords();
  const common = useCommon();
  const detail = entryDetail(common.reasons, entry);
  return (
    <li className={`event event-${entry.kind}`}>
      <span className="row spread">
        <strong>{entryTitle(t, entry)}</strong>
        <span className="muted small">
          <Time at={entry.at} exact />
        </span>
      </span>
      {detail && <p className={SAID.has(entry.kind) ? 'bubble' : 'small'}>{detail}</p>}
      {entry.message_id && (entry.kind === 'message_sent' || entry.kind === 'message_failed') && (
        <Link href={`/messages?message=${entry.message_id}`} className="link small">
          {t.attempts}
        </Link>
      )}
    </li>
  );
}
