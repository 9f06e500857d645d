import { useInfiniteQuery } from '@tanstack/react-query';
import { list } from '../../api/queries';
import { inWords } from '../../senders/reasons';
import { Card, Empty, ErrorState, Skeleton } from '../../ui/layout';
import { ShowMore } from '../../ui/more';
import { StatusPill, Time } from '../../ui/state';
import { useWords as useSenderWords } from '../senders/words';
import { type Campaign, placeOf } from './data';
import { useSenderNames } from './sender-names';
import { useWords } from './words';

const AT_ONCE = 20;

/** Every change of the pace of its senders, with the reason. */
export function PaceChanges({ campaign }: { campaign: Campaign }) {
  const t = useWords();
  const pace = useSenderWords();
  const senderName = useSenderNames();
  const changes = useInfiniteQuery(
    list('/api/campaigns/{campaign_id}/pacing-changes', {
      ...placeOf(campaign.id),
      query: { limit: AT_ONCE },
    }),
  );
  const rows = changes.data?.pages.flatMap(({ items }) => items);
  return (
    <Card title={t.changes}>
      {rows?.length === 0 && <Empty icon="clock" title={t.noChanges} />}
      {!rows &&
        (changes.isError ? (
          <ErrorState error={changes.error} onRetry={() => void changes.refetch()} />
        ) : (
          <Skeleton lines={4} height="2.5rem" />
        ))}
      <ol className="timeline">
        {rows?.map((change) => (
          <li key={change.id} className="event">
            <span className="row spread">
              <span className="row">
                <StatusPill state={change.state} />
                {campaign.sender_ids.length > 1 && (
                  <strong className="small">{senderName(change.sender_id)}</strong>
                )}
              </span>
              <span className="muted small">
                <Time at={change.at} exact />
              </span>
            </span>
            <span className="small">{inWords(pace, change.reason)}</span>
            {change.error_rate > 0 && <span className="small muted">{t.errorRate(change.error_rate)}</span>}
          </li>
        ))}
      </ol>
      <ShowMore of={changes} />
    </Card>
  );
}
