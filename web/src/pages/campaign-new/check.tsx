import { useState } from 'react';
import { reasonText } from '../../campaigns/reasons';
import { dateTime } from '../../i18n/format';
import { useCommon } from '../../i18n/words';
import { useStore } from '../../store';
import { Button } from '../../ui/button';
import { Notice } from '../../ui/notice';
import { Problems, Warnings } from './check-problems';
import { Summary } from './check-summary';
import type { StepProps } from './editor';
import { EstimateCard } from './estimate-card';
import { Foot } from './foot';
import { gapsOf } from './form';
import type { DraftKeeper } from './keeper';
import { Refusal } from './refusal';
import { ScheduleDialog } from './schedule-dialog';
import { StartDialog } from './start-dialog';
import { UnscheduleDialog } from './unschedule-dialog';
import { useWords } from './words';
import { zone } from './zone';

type Asking = 'start' | 'schedule' | 'unschedule' | null;

export function CheckStep({ keeper, campaign }: StepProps) {
  const t = useWords();
  const { reasons } = useCommon();
  const { form } = useStore(keeper.store);
  const [asking, ask] = useState<Asking>(null);
  const { refusal, setRefusal } = useRefusal(keeper);
  const gaps = gapsOf(form);
  const close = () => ask(null);
  const isScheduled = campaign?.status === 'scheduled';
  return (
    <>
      <h2 tabIndex={-1}>{t.checkTitle}</h2>
      <div className="editor-columns">
        <div className="stack">
          {campaign?.start_problem && (
            <Notice tone="bad">
              <strong>{t.startProblem}</strong>
              <div className="small">{reasonText(reasons, campaign.start_problem)}</div>
            </Notice>
          )}
          {refusal && <Refusal keeper={keeper} problem={refusal} />}
          <Problems gaps={gaps} />
          <Warnings form={form} />
          <Summary form={form} />
        </div>
        <EstimateCard keeper={keeper} withoutWays={refusal !== null} />
      </div>
      {isScheduled && campaign.start_at && <Scheduled startAt={campaign.start_at} ask={ask} />}
      <Foot step="check">
        {!isScheduled && (
          <Button icon="clock" disabled={gaps.length > 0} onClick={() => ask('schedule')}>
            {t.schedule}
          </Button>
        )}
        <Button kind="primary" icon="play" disabled={gaps.length > 0} onClick={() => ask('start')}>
          {t.start}
        </Button>
      </Foot>
      {asking === 'start' && <StartDialog keeper={keeper} onClose={close} onRefused={setRefusal} />}
      {asking === 'schedule' && (
        <ScheduleDialog startAt={campaign?.start_at} flush={() => keeper.flush()} onClose={close} />
      )}
      {asking === 'unschedule' && campaign && <UnscheduleDialog campaign={campaign} onClose={close} />}
    </>
  );
}

/** Why it was not started counts for what it was then: whoever changes something tries anew. */
function useRefusal(keeper: DraftKeeper) {
  const { form } = useStore(keeper.store);
  const [refused, setRefused] = useState<{ problem: Error; form: string } | null>(null);
  return {
    refusal: refused?.form === JSON.stringify(form) ? refused.problem : null,
    setRefusal: (problem: Error | null) =>
      setRefused(problem && { problem, form: JSON.stringify(keeper.store.get().form) }),
  };
}

function Scheduled({ startAt, ask }: { startAt: string; ask: (what: Asking) => void }) {
  const t = useWords();
  return (
    <Notice
      action={
        <div className="row">
          <Button onClick={() => ask('unschedule')}>{t.unschedule}</Button>
          <Button icon="clock" onClick={() => ask('schedule')}>
            {t.move}
          </Button>
        </div>
      }
    >
      <strong>{t.scheduled(dateTime(startAt))}</strong>
      <div className="small">{t.scheduledZone(zone())}</div>
    </Notice>
  );
}
