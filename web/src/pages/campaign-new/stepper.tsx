import { Icon } from '../../ui/icon';
import { Link } from '../../ui/link';
import { type Gap, STEPS, type StepName, stepOf } from './form';
import { hrefOf } from './step';
import { useWords } from './words';

interface StepperProps {
  current: StepName;
  gaps: readonly Gap[];
  isStored: boolean;
}

/** Where one is; every step can be gone to at any time. */
export function Stepper({ current, gaps, isStored }: StepperProps) {
  const t = useWords();
  const here = STEPS.indexOf(current);
  const open = new Set(gaps.map(({ field }) => stepOf(field)));
  return (
    <nav aria-label={t.stepsLabel} className="stepper">
      <ol>
        {STEPS.map((step, at) => {
          const isSeen = isStored || at < here;
          const state = step === 'check' || !isSeen || at === here ? 'plain' : open.has(step) ? 'open' : 'done';
          return (
            <li key={step} className={`stepper-step stepper-${state}`}>
              <Link href={hrefOf(step)} className="stepper-link" current={step === current}>
                <span className="stepper-mark" aria-hidden="true">
                  {state === 'done' ? <Icon name="check" /> : state === 'open' ? '!' : at + 1}
                </span>
                <span className="stepper-name">
                  {t.steps[step]}
                  {state !== 'plain' && (
                    <span className="hidden"> ({state === 'done' ? t.stepDone : t.stepOpen})</span>
                  )}
                </span>
              </Link>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
