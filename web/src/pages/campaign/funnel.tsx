import { number } from '../../i18n/format';
import { Card } from '../../ui/layout';
import { Link } from '../../ui/link';
import type { Statistics } from './data';
import { funnelOf, type Step } from './funnel-steps';
import { type CampaignWords, useWords } from './words';

export function Funnel({ id, statistics }: { id: string; statistics: Statistics }) {
  const t = useWords();
  return (
    <Card
      title={t.funnel}
      actions={
        statistics.failures > 0 && (
          <Link href={`/messages?campaign=${id}&status=failed`} className="link small">
            {t.failures(statistics.failures)}
          </Link>
        )
      }
    >
      <dl className="funnel">
        {funnelOf(statistics).map((step) => (
          <div key={step.id} className="funnel-step">
            <dt>{t.steps[step.id]}</dt>
            <dd className="funnel-rate muted small">{rateOf(t, step)}</dd>
            <dd className="funnel-track" aria-hidden="true">
              <div className={`funnel-bar funnel-${step.id}`} style={{ inlineSize: `${100 * step.share}%` }} />
            </dd>
            <dd className="funnel-count">{number(step.count)}</dd>
          </div>
        ))}
      </dl>
    </Card>
  );
}

function rateOf(t: CampaignWords, { id, rate }: Step): string {
  return id === 'contacts' || rate === null ? '' : t.rates[id](rate);
}
