import type { Schemas } from '../../api/types';
import { reasonText } from '../../campaigns/reasons';
import { duration } from '../../i18n/format';
import { useCommon } from '../../i18n/words';
import { StatusPill, Time } from '../../ui/state';
import { type MessageWords, useWords } from './words';

type Attempt = Schemas['Attempt'];

const TONES = { accepted: 'good', unknown: 'warn', not_sent: 'warn', rejected: 'bad' } as const;

/** What was tried, when, and what came of it. */
export function Attempts({ attempts }: { attempts: readonly Attempt[] }) {
  const t = useWords();
  return (
    <section aria-label={t.attempts(attempts.length)}>
      <h3>{attempts.length > 0 ? t.attempts(attempts.length) : t.noAttempts}</h3>
      <ol className="attempts">
        {attempts.map((attempt) => (
          <AttemptRow key={attempt.attempt} attempt={attempt} />
        ))}
      </ol>
    </section>
  );
}

function AttemptRow({ attempt }: { attempt: Attempt }) {
  const t = useWords();
  const common = useCommon();
  const outcome = attempt.outcome as keyof typeof TONES | null;
  const took = tookOf(t, attempt);
  return (
    <li>
      <span className="row spread">
        <strong>{t.attempt(attempt.attempt)}</strong>
        <StatusPill
          state={outcome ?? 'pending'}
          tone={outcome ? TONES[outcome] : 'info'}
          text={outcome ? t.outcomes[outcome] : t.underWay}
        />
      </span>
      <span className="muted small">
        <Time at={attempt.started_at} exact />
        {took && `, ${t.took(took)}`}
      </span>
      {attempt.detail && <span className="small">{reasonText(common.reasons, attempt.detail)}</span>}
      {attempt.code && <span className="muted small">{t.code(attempt.code)}</span>}
    </li>
  );
}

function tookOf(t: MessageWords, { started_at, finished_at }: Attempt): string | null {
  if (!finished_at) return null;
  const ms = Date.parse(finished_at) - Date.parse(started_at);
  return ms < 1000 ? t.milliseconds(ms) : duration(ms / 1000);
}
