import { dateTime, duration } from '../../i18n/format';
import { Card, ErrorState, Skeleton } from '../../ui/layout';
import { type Estimate, lengthOf, worstHold } from './estimate';
import type { DraftKeeper } from './keeper';
import { useEstimate } from './use-estimate';
import { useSenders } from './use-senders';
import { WaysOut } from './ways-out';
import { useWords } from './words';

interface CardProps {
  keeper: DraftKeeper;
  /** The ways out are shown elsewhere. */
  withoutWays?: boolean;
}

export function EstimateCard({ keeper, withoutWays }: CardProps) {
  const t = useWords();
  const { data, isError, error, refetch, isOld, isComplete } = useEstimate(keeper);
  return (
    <Card title={t.estimate} actions={data && isOld && <span className="spinner" aria-hidden="true" />}>
      {!isComplete && !data ? (
        <p className="muted">{t.estimateLater}</p>
      ) : isError && !data ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <div className="stack" aria-busy={isOld}>
          {data.fits || data.contacts === 0 ? (
            <Summary estimate={data} />
          ) : (
            !withoutWays && <WaysOut keeper={keeper} estimate={data} />
          )}
          <Hold estimate={data} />
          <Shares estimate={data} />
        </div>
      ) : (
        <div className="stack">
          <p className="muted">{t.estimating}</p>
          <Skeleton lines={4} />
        </div>
      )}
    </Card>
  );
}

function Summary({ estimate }: { estimate: Estimate }) {
  const t = useWords();
  const length = lengthOf(estimate);
  if (estimate.contacts === 0) return <p>{t.nobody}</p>;
  return (
    <div className="estimate-summary" role="status">
      {estimate.closes_at && length !== null && (
        <>
          <p className="estimate-done">{t.doneAt(dateTime(estimate.closes_at))}</p>
          <p className="muted">{t.doneIn(duration(length))}</p>
        </>
      )}
      {estimate.messages_1_done_at && <p>{t.sentBy(dateTime(estimate.messages_1_done_at))}</p>}
    </div>
  );
}

function Hold({ estimate }: { estimate: Estimate }) {
  const t = useWords();
  const holds: Readonly<Record<string, string>> = t.holds;
  const words = holds[worstHold(estimate) ?? ''];
  return words ? <p className="muted small">{t.mostly(words)}</p> : null;
}

function Shares({ estimate }: { estimate: Estimate }) {
  const t = useWords();
  const senders = useSenders();
  const shares = Object.entries(estimate.messages_1_by_sender);
  if (shares.length < 2) return null;
  const most = Math.max(...shares.map(([, count]) => count), 1);
  return (
    <section>
      <h3>{t.bySender}</h3>
      <ul className="shares">
        {shares.map(([id, count]) => (
          <li key={id}>
            <span className="truncate">{senders.find((sender) => sender.id === id)?.name ?? id}</span>
            <span className="shares-bar" aria-hidden="true">
              <span style={{ inlineSize: `${(100 * count) / most}%` }} />
            </span>
            <span className="numeric">{t.people(count)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
