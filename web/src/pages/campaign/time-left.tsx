import { dateTime, duration, percent, relative } from '../../i18n/format';
import { Card, ErrorState, Skeleton } from '../../ui/layout';
import { Notice } from '../../ui/notice';
import { useNow } from '../../ui/now';
import { Progress } from '../../ui/progress';
import { type Campaign, type Estimate, type Statistics, useEstimate } from './data';
import { type CampaignWords, useWords } from './words';

const HOLDS_SHOWN = 3;
const SMALLEST_HOLD = 0.005;
const MINUTE_S = 60;

/** How long it still takes, and why. */
export function TimeLeft({ campaign, statistics }: { campaign: Campaign; statistics: Statistics }) {
  const t = useWords();
  const estimate = useEstimate(campaign, true);
  const { pending = 0, message_1_sent: waiting = 0 } = statistics.contacts_by_state;
  const total = statistics.enrolled_contacts;
  const done = total - pending - waiting;
  return (
    <Card title={t.time}>
      <div className="stack">
        <div className="time-progress">
          <Progress label={t.time} value={done} max={total} text={t.progress(done, total)} />
          <p className="muted small">{t.progress(done, total)}</p>
        </div>
        {estimate.data ? (
          <Estimated campaign={campaign} estimate={estimate.data} />
        ) : estimate.isError ? (
          <ErrorState error={estimate.error} onRetry={() => void estimate.refetch()} />
        ) : (
          <Skeleton lines={4} />
        )}
      </div>
    </Card>
  );
}

function Estimated({ campaign, estimate }: { campaign: Campaign; estimate: Estimate }) {
  const t = useWords();
  const now = useNow();
  const isPaused = campaign.status === 'paused';
  return (
    <>
      <p className="time-left">
        <span className="muted small">{isPaused ? t.whilePaused : t.timeLeft}</span>
        <strong>{leftOf(t, estimate, isPaused, now)}</strong>
      </p>
      <Moments
        rows={[
          [t.lastMessage1, isPaused || estimate.contacts === 0 ? null : estimate.messages_1_done_at],
          [t.done, isPaused ? null : estimate.closes_at],
          [t.endsBy, campaign.closes_by ?? estimate.closes_by],
        ]}
      />
      {!estimate.fits && !isPaused && <Notice tone="warn">{t.tooLong(estimate.contacts)}</Notice>}
      {!isPaused && <Holds estimate={estimate} />}
      <p className="muted small">
        {t.estimatedAt(relative(Math.min(Date.parse(estimate.estimated_at), now), now))}
      </p>
    </>
  );
}

function leftOf(t: CampaignWords, { closes_at: end }: Estimate, isPaused: boolean, now: number): string {
  if (isPaused || !end) return t.unknownEnd;
  const seconds = (Date.parse(end) - now) / 1000;
  // An estimate to the second would promise too much.
  return seconds > MINUTE_S ? duration(Math.ceil(seconds / MINUTE_S) * MINUTE_S) : t.doneSoon;
}

export function Moments({ rows }: { rows: readonly (readonly [string, string | null])[] }) {
  return (
    <dl className="facts">
      {rows.map(
        ([label, at]) =>
          at && (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{dateTime(at)}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

/** What Messages 1 wait for, by its part of the waiting. */
export function Holds({ estimate }: { estimate: Estimate }) {
  const t = useWords();
  const names: Readonly<Record<string, string>> = t.holds;
  const all = Object.entries(estimate.held_up_by).filter(([, seconds]) => seconds > 0);
  const sum = all.reduce((total, [, seconds]) => total + seconds, 0);
  const shown = all.filter(([, seconds]) => seconds / sum >= SMALLEST_HOLD).slice(0, HOLDS_SHOWN);
  if (shown.length === 0) return null;
  return (
    <div className="holds">
      <h3>{t.heldUp}</h3>
      <ul>
        {shown.map(([hold, seconds]) => (
          <li key={hold} className="row spread small">
            <span>{names[hold] ?? hold}</span>
            <span className="muted">{percent(seconds / sum)}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
