import type { Schemas } from '../../api/types';
import type { Live } from '../../live/apply';
import { Icon } from '../../ui/icon';
import { Card } from '../../ui/layout';
import { Link } from '../../ui/link';
import { useWords } from './words';

export interface Step {
  readonly id: 'sender' | 'contacts' | 'campaign';
  readonly href: string;
  readonly done: boolean;
}

/** The way from an empty installation to the first campaign. */
export function stepsOf(
  monitoring: Schemas['MonitoringOut'],
  totals: Schemas['StatisticsOut'],
  live: Live,
): readonly Step[] {
  const hasStarted = totals.enrolled_contacts > 0 || live.campaigns.some(({ status }) => status !== 'draft');
  return [
    { id: 'sender', href: '/senders', done: hasStarted || monitoring.senders.length > 0 },
    { id: 'contacts', href: '/contacts/import', done: hasStarted || totals.total_contacts > 0 },
    { id: 'campaign', href: '/campaigns/new', done: hasStarted },
  ];
}

export function FirstRun({ steps }: { steps: readonly Step[] }) {
  const t = useWords();
  const next = steps.find(({ done }) => !done);
  return (
    <Card title={t.firstRun}>
      <p className="muted">{t.firstRunExplained}</p>
      <ol className="steps">
        {steps.map((step, at) => (
          <li
            key={step.id}
            className={`step${step.done ? ' step-done' : ''}`}
            aria-current={step === next ? 'step' : undefined}
          >
            <span className="step-mark" aria-hidden="true">
              {step.done ? <Icon name="check" /> : at + 1}
            </span>
            <div className="step-text">
              <h3>
                {t.steps[step.id].title}
                {step.done && <span className="hidden"> ({t.stepDone})</span>}
              </h3>
              <p className="muted small">{t.steps[step.id].text}</p>
              {step === next && (
                <Link href={step.href} as="primary" icon="arrow">
                  {t.steps[step.id].action}
                </Link>
              )}
            </div>
          </li>
        ))}
      </ol>
    </Card>
  );
}
