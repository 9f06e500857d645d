import type { ReactNode } from 'react';
import { Button } from '../../ui/button';
import { STEPS, type StepName } from './form';
import { goTo } from './step';
import { useWords } from './words';

/** The way back, and what to do next. */
export function Foot({ step, children }: { step: StepName; children: ReactNode }) {
  const t = useWords();
  const before = STEPS[STEPS.indexOf(step) - 1];
  return (
    <div className="editor-foot">
      {before && <Button onClick={() => goTo(before)}>{t.back}</Button>}
      <div className="row editor-next">{children}</div>
    </div>
  );
}
