import { useWords } from './words';

const STEPS = ['file', 'columns', 'import'] as const;

/** Where somebody is on the way. */
export function Steps({ current }: { current: (typeof STEPS)[number] }) {
  const t = useWords();
  const now = STEPS.indexOf(current);
  return (
    <ol className="import-steps">
      {STEPS.map((step, at) => (
        <li
          key={step}
          className={at < now ? 'import-step import-step-done' : 'import-step'}
          aria-current={at === now ? 'step' : undefined}
        >
          <span className="import-step-mark" aria-hidden="true">
            {at + 1}
          </span>
          {t.steps[step]}
        </li>
      ))}
    </ol>
  );
}
