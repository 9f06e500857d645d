import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { call } from '../../api/client';
import { failure } from '../../api/failure';
import { keyOf } from '../../api/url';
import { date, time } from '../../i18n/format';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Field, TextInput } from '../../ui/field';
import { Notice } from '../../ui/notice';
import { useWords } from './words';
import { startOf, tomorrow, typed, zone } from './zone';

interface Props {
  /** The start that is planned already. */
  readonly startAt?: string | null | undefined;
  /** Gives the campaign's id once the server has all of it. */
  readonly flush: () => Promise<string>;
  readonly onClose: () => void;
}

/** Plans the start, or moves it. */
export function ScheduleDialog({ startAt, flush, onClose }: Props) {
  const t = useWords();
  const client = useQueryClient();
  const [text, setText] = useState(typed(startAt ? new Date(startAt) : tomorrow()));
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [isTried, setTried] = useState(false);
  const start = startOf(text);

  async function schedule(event: FormEvent) {
    event.preventDefault();
    event.stopPropagation();
    setTried(true);
    if (!start || isBusy) return;
    setBusy(true);
    setProblem(null);
    try {
      const campaign_id = await flush();
      const body = { start_at: start.toISOString() };
      const answer = await call('post', '/api/campaigns/{campaign_id}/schedule', {
        path: { campaign_id },
        body,
      });
      client.setQueryData(keyOf(`/api/campaigns/${campaign_id}`), answer);
      void client.invalidateQueries({ queryKey: ['campaigns'] });
      void client.invalidateQueries({ queryKey: ['estimates', campaign_id] });
      onClose();
    } catch (error) {
      setProblem(failure(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={t.scheduleTitle}
      onClose={onClose}
      actions={
        <Button kind="primary" busy={isBusy} onClick={(event) => void schedule(event)}>
          {startAt ? t.scheduleMove : t.scheduleDo}
        </Button>
      }
    >
      <Field
        label={t.scheduleWhen}
        hint={t.scheduleZone(zone())}
        error={isTried && !start ? t.scheduleOnlyFuture : undefined}
      >
        <TextInput
          type="datetime-local"
          min={typed(new Date())}
          value={text}
          onChange={setText}
          onKeyDown={(event) => event.key === 'Enter' && void schedule(event)}
        />
      </Field>
      {start && (
        <p>
          <strong>{t.scheduleAt(date(start, 'full'), time(start))}</strong>
        </p>
      )}
      <p className="muted small">{t.scheduleExplained}</p>
      {problem && <Notice tone="bad">{problem}</Notice>}
    </Dialog>
  );
}
