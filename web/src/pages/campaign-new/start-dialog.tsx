import { useQueryClient } from '@tanstack/react-query';
import { navigate } from 'wouter/use-browser-location';
import { call } from '../../api/client';
import { ApiProblem } from '../../api/problem';
import { keyOf } from '../../api/url';
import { dateTime, duration } from '../../i18n/format';
import { useStore } from '../../store';
import { ConfirmDialog } from '../../ui/dialog';
import { Notice } from '../../ui/notice';
import { closeDraft } from './drafts';
import type { DraftKeeper } from './keeper';
import { useAudience } from './use-audience';
import { useEstimate } from './use-estimate';
import { useWords } from './words';

interface StartProps {
  keeper: DraftKeeper;
  onClose: () => void;
  /** The API says why it does not start. */
  onRefused: (problem: Error | null) => void;
}

export function StartDialog({ keeper, onClose, onRefused }: StartProps) {
  const t = useWords();
  const client = useQueryClient();
  const { form } = useStore(keeper.store);
  const reached = useAudience(form).data?.audience.reached ?? 0;
  const estimate = useEstimate(keeper).data;

  async function start() {
    onRefused(null);
    try {
      const campaign_id = await keeper.flush();
      const started = await call('post', '/api/campaigns/{campaign_id}/start', { path: { campaign_id } });
      closeDraft(keeper);
      // Its page would lead a draft, which is what this browser knew until now, back to here.
      const queryKey = keyOf(`/api/campaigns/${campaign_id}`);
      await client.cancelQueries({ queryKey });
      client.setQueryData(queryKey, started);
      void client.invalidateQueries({ queryKey: ['campaigns'] });
      navigate(`/campaigns/${campaign_id}`);
    } catch (error) {
      // What the API advises needs more room than a line in a dialog.
      if (!(error instanceof ApiProblem && error.status === 409)) throw error;
      onRefused(error);
    }
  }

  return (
    <ConfirmDialog title={t.startTitle} confirm={t.startAsk(reached)} onConfirm={start} onClose={onClose}>
      <p>
        <strong>{t.startWho(t.people(reached), t.senders(form.sender_ids.length))}</strong>
      </p>
      <ul className="start-facts">
        {form.window_s !== null && <li>{t.startThen(duration(form.window_s))}</li>}
        {estimate?.closes_at && estimate.fits && <li>{t.startDone(dateTime(estimate.closes_at))}</li>}
        <li>{t.startStop}</li>
      </ul>
      {estimate && !estimate.fits && <Notice tone="warn">{t.startFitsNot}</Notice>}
    </ConfirmDialog>
  );
}
