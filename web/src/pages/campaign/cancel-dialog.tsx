import { ConfirmDialog } from '../../ui/dialog';
import { useSteps } from './commands';
import type { Campaign } from './data';
import { useWords } from './words';

/** For how many a cancellation means what. */
export function CancelDialog({ campaign, onClose }: { campaign: Campaign; onClose: () => void }) {
  const t = useWords();
  const { cancel } = useSteps(campaign);
  const { contacts_by_state: states, messages_sent: sent } = campaign.counts;
  const { pending = 0, message_1_sent: waiting = 0 } = states;
  return (
    <ConfirmDialog title={t.cancelTitle} confirm={t.cancel} danger onConfirm={cancel} onClose={onClose}>
      {campaign.started_at ? (
        <ul className="effects">
          {pending > 0 && <li>{t.cancelPending(pending)}</li>}
          {waiting > 0 && <li>{t.cancelWaiting(waiting)}</li>}
          {sent > 0 && <li>{t.cancelKept(sent)}</li>}
        </ul>
      ) : (
        <p>{t.cancelScheduled}</p>
      )}
      <p>
        <strong>{t.cancelForGood}</strong>
      </p>
    </ConfirmDialog>
  );
}
