import { type FormEvent, useId, useState } from 'react';
import { failure } from '../../api/failure';
import { dateTime, duration } from '../../i18n/format';
import { useCommon } from '../../i18n/words';
import { Button } from '../../ui/button';
import { ConfirmDialog, Dialog } from '../../ui/dialog';
import { Field, TextInput } from '../../ui/field';
import { Card, ErrorState, Skeleton } from '../../ui/layout';
import { Notice } from '../../ui/notice';
import { useNow } from '../../ui/now';
import { useSteps } from './commands';
import { type Campaign, useEstimate } from './data';
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
                [t.lastMessage1, estimate.data.messages_1_done_at],
                [t.done, estimate.data.closes_at],
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
      {asked === 'move' && <MoveDialog campaign={campaign} startAt={startAt} onClose={close} />}
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

function MoveDialog({
  campaign,
  startAt,
  onClose,
}: {
  campaign: Campaign;
  startAt: string;
  onClose: () => void;
}) {
  const t = useWords();
  const common = useCommon();
  const form = useId();
  const { move } = useSteps(campaign);
  const [wanted, setWanted] = useState(() => localInput(new Date(startAt)));
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | undefined>();

  async function save(event: FormEvent) {
    event.preventDefault();
    const at = new Date(wanted);
    if (!(at.getTime() > Date.now())) return setProblem(t.inPast);
    setBusy(true);
    try {
      await move(at);
      onClose();
    } catch (error) {
      setProblem(failure(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={t.moveTitle}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common.keep}</Button>
          <Button kind="primary" type="submit" form={form} busy={busy}>
            {t.move}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={(event) => void save(event)}>
        <Field label={t.newStart} error={problem}>
          <TextInput type="datetime-local" value={wanted} onChange={setWanted} required />
        </Field>
      </form>
    </Dialog>
  );
}

/** A moment as an input of local time takes it. */
function localInput(moment: Date): string {
  const shifted = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return shifted.toISOString().slice(0, 16);
}
