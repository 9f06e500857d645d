import { type FormEvent, type KeyboardEvent, useEffect, useRef, useState } from 'react';
import type { Schemas } from '../../api/types';
import { useStore } from '../../store';
import { Button } from '../../ui/button';
import { PageHeader } from '../../ui/layout';
import { Notice } from '../../ui/notice';
import { AudienceStep } from './audience';
import { CheckStep } from './check';
import { Foot } from './foot';
import { gapsOf, STEPS, type StepName } from './form';
import { type DraftKeeper, hasChanges } from './keeper';
import { MessagesStep } from './messages';
import { SaveSign } from './save-sign';
import { SendersStep } from './senders';
import { goTo } from './step';
import { Stepper } from './stepper';
import { useWords } from './words';

export interface StepProps {
  readonly keeper: DraftKeeper;
  /** As the server has it, once it does. */
  readonly campaign: Schemas['CampaignOut'] | undefined;
}

const CONTENT = {
  audience: AudienceStep,
  messages: MessagesStep,
  senders: SendersStep,
  check: CheckStep,
};

interface EditorProps extends StepProps {
  title: string;
  step: StepName;
  isNew: boolean;
}

export function Editor({ keeper, campaign, title, step, isNew }: EditorProps) {
  const t = useWords();
  const draft = useStore(keeper.store);
  const body = useRef<HTMLFormElement>(null);
  useStepFocus(body, step, keeper);
  const Content = CONTENT[step];
  const next = STEPS[STEPS.indexOf(step) + 1];

  const goOn = () => next && goTo(next);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    goOn();
  };
  // In a text of several lines Enter is a line.
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    goOn();
  };
  return (
    <>
      <PageHeader
        title={title}
        sub={<span className="truncate editor-name">{draft.form.name}</span>}
        actions={<SaveSign keeper={keeper} />}
      />
      <Stepper current={step} gaps={gapsOf(draft.form)} isStored={draft.id !== null} />
      {isNew && <Restored keeper={keeper} />}
      {/* biome-ignore lint/a11y/noNoninteractiveElementInteractions: a shortcut; the button below does the same */}
      <form ref={body} className="editor" noValidate onSubmit={onSubmit} onKeyDown={onKey}>
        <Content keeper={keeper} campaign={campaign} />
        {next && (
          <Foot step={step}>
            <span className="muted small editor-keys">{t.nextKeys}</span>
            <Button kind="primary" type="submit">
              {t.next}
            </Button>
          </Foot>
        )}
      </form>
    </>
  );
}

/** Each step begins at its heading, which is read out; what the last one has changed is saved. */
function useStepFocus(body: { readonly current: HTMLElement | null }, step: StepName, keeper: DraftKeeper) {
  const shown = useRef(step);
  useEffect(() => {
    if (shown.current === step) return;
    shown.current = step;
    keeper.saveNow();
    scrollTo(0, 0);
    body.current?.querySelector<HTMLElement>('h2')?.focus({ preventScroll: true });
  }, [body, step, keeper]);
}

/** What this browser remembered; whoever wants to begin anew can. */
function Restored({ keeper }: { keeper: DraftKeeper }) {
  const t = useWords();
  const [isShown, setShown] = useState(() => hasChanges(keeper.store.get()));
  if (!isShown) return null;
  const startAfresh = () => {
    keeper.reset();
    setShown(false);
  };
  return <Notice action={<Button onClick={startAfresh}>{t.startAfresh}</Button>}>{t.restored}</Notice>;
}
