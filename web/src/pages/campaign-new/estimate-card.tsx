import { dateTime, duration } from '../../i18n/format';
import { Card, ErrorState, Skeleton } from '../../ui/layout';
import type { DraftKeeper } from './keeper';
import { type Estimate, lengthOf, useEstimate, worstHold } from './use-estimate';
import { useSenders } from './use-senders';
import { WaysOut } from './ways-out';
import { useWords } from './words';

export function EstimateCard({ keeper }: { keeper: DraftKeeper }) {
  const t = useWords();
  const { data, isError, error, refetch, isOld, isComplete } = useEstimate(keeper);
  return (
    <Card title={t.estimate}>
      {!isComplete && !data ? (
        <p className="muted">{t.estimateLater}</p>
      ) : isError && !data ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <div className={`stack estimate${isOld ? ' estimate-old' : ''}`} aria-busy={isOld}>
          <Summary estimate={data} />
          {!data.fits && data.contacts > 0 && <WaysOut keeper={keeper} estimate={data} />}
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
  const hold = worstHold(estimate);
  const holds: Readonly<Record<string, string>> = t.holds;
  if (estimate.contacts === 0) return <p>{t.nobody}</p>;
  return (
    <div className="estimate-summary" role="status">
      {estimate.closes_at && length !== null ? (
        <>
          <p className="estimate-done">{t.doneAt(dateTime(estimate.closes_at))}</p>
          <p className="muted">{t.doneIn(duration(length))}</p>
        </>
      ) : (
        <p className="estimate-done">{t.tooFar}</p>
      )}
      {estimate.messages_1_done_at && <p>{t.sentBy(dateTime(estimate.messages_1_done_at))}</p>}
      {hold && holds[hold] && <p className="muted small">{t.mostly(holds[hold])}</p>}
    </div>
  );
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
