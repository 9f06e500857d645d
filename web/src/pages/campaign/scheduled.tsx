import { useState } from 'react';
import { dateTime, duration } from '../../i18n/format';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { Card, ErrorState, Skeleton } from '../../ui/layout';
import { Notice } from '../../ui/notice';
import { useNow } from '../../ui/now';
import { ScheduleDialog } from '../campaign-new/schedule-dialog';
import { useSteps } from './commands';
import { type Campaign, type Estimate, useEstimate } from './data';
import { Holds, Moments } from './time-left';
import { useWords } from './words';

/** A campaign that waits for its start, and what can still be changed about that. */
export function Scheduled({ campaign, startAt }: { campaign: Campaign; startAt: string }) {
  const t = useWords();
  const now = useNow();
  const estimate = useEstimate(campaign, true);
  const [asked, ask] = useState<'move' | 'start' | 'unschedule' | null>(null);
  const { start, unschedule } = useSteps(campaign);
  const close = () => ask(null);
  const seconds = (Date.parse(startAt) - now) / 1000;
  return (
    <Card title={t.scheduled}>
      <div className="stack">
        <p className="time-left">
          <span className="muted small">{dateTime(startAt)}</span>
          <strong>{seconds > 0 ? t.startsIn(duration(seconds)) : t.startsSoon}</strong>
        </p>
        <p className="muted">{t.notYet}</p>
        <div className="row">
          <Button kind="primary" icon="clock" onClick={() => ask('move')}>
            {t.move}
          </Button>
          <Button icon="play" onClick={() => ask('start')}>
            {t.startNow}
          </Button>
          <Button onClick={() => ask('unschedule')}>{t.unschedule}</Button>
        </div>
        {estimate.data ? (
          <>
            <Moments
              rows={[
                [t.lastMessage1, fromStart(startAt, estimate.data, estimate.data.messages_1_done_at)],
                [t.done, fromStart(startAt, estimate.data, estimate.data.closes_at)],
              ]}
            />
            {!estimate.data.fits && <Notice tone="warn">{t.tooLong(estimate.data.contacts)}</Notice>}
            <Holds estimate={estimate.data} />
          </>
        ) : estimate.isError ? (
          <ErrorState error={estimate.error} onRetry={() => void estimate.refetch()} />
        ) : (
          <Skeleton lines={2} />
        )}
      </div>
      {asked === 'move' && (
        <ScheduleDialog startAt={startAt} flush={() => Promise.resolve(campaign.id)} onClose={close} />
      )}
      {asked === 'start' && (
        <ConfirmDialog title={t.startNowTitle} confirm={t.startNow} onConfirm={start} onClose={close}>
          {estimate.data && <p>{t.startNowExplained(estimate.data.contacts)}</p>}
        </ConfirmDialog>
      )}
      {asked === 'unschedule' && (
        <ConfirmDialog title={t.unscheduleTitle} confirm={t.unschedule} onConfirm={unschedule} onClose={close}>
          <p>{t.unscheduleExplained}</p>
        </ConfirmDialog>
      )}
    </Card>
  );
}

/** The estimate is for a start at once: the same time later, counted from the planned start. */
const fromStart = (startAt: string, { estimated_at: now }: Estimate, then: string | null): string | null =>
  then && new Date(Date.parse(startAt) + Date.parse(then) - Date.parse(now)).toISOString();
