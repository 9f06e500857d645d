import { useState } from 'react';
import { asSentence } from '../../senders/reasons';
import { Button } from '../../ui/button';
import { ConfirmDialog, Dialog } from '../../ui/dialog';
import { Link } from '../../ui/link';
import { Choices } from './choices';
import type { PauseScope, Sender } from './sender';
import { useWords } from './words';

interface DialogProps {
  sender: Sender;
  onClose: () => void;
}

const SCOPES: readonly PauseScope[] = ['message_1', 'all'];

export function PauseDialog({
  sender,
  onPause,
  onClose,
}: DialogProps & { onPause: (scope: PauseScope) => void }) {
  const t = useWords();
  const [scope, setScope] = useState<PauseScope>('message_1');
  return (
    <Dialog
      title={t.pauseTitle(sender.name)}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t.cancel}</Button>
          <Button kind="primary" icon="pause" onClick={() => onPause(scope)}>
            {t.pause}
          </Button>
        </>
      }
    >
      <Choices
        label={t.scope}
        value={scope}
        onChange={(chosen) => setScope(chosen as PauseScope)}
        choices={SCOPES.map((value) => ({ value, ...t.scopes[value] }))}
      />
      {sender.open_campaigns > 0 && <p className="muted small">{t.pauseExplained(sender.open_campaigns)}</p>}
    </Dialog>
  );
}

/** Only for what an emergency has stopped: somebody has to say that it works. */
export function ResumeDialog({ sender, onResume, onClose }: DialogProps & { onResume: () => void }) {
  const t = useWords();
  return (
    <ConfirmDialog
      title={t.resumeTitle(sender.name)}
      confirm={t.resumeConfirm}
      onConfirm={onResume}
      onClose={onClose}
    >
      <p>{t.resumeStopped(asSentence(t, sender.status_reason ?? '…'))}</p>
    </ConfirmDialog>
  );
}

export function RemoveDialog({ sender, onRemove, onClose }: DialogProps & { onRemove: () => void }) {
  const t = useWords();
  if (sender.open_campaigns > 0) {
    return (
      <Dialog
        title={t.removeTitle(sender.name)}
        onClose={onClose}
        actions={
          <>
            <Button onClick={onClose}>{t.cancel}</Button>
            <Link href="/campaigns" as="primary">
              {t.toCampaigns}
            </Link>
          </>
        }
      >
        <p>{t.removeUsed(sender.open_campaigns)}</p>
      </Dialog>
    );
  }
  return (
    <ConfirmDialog
      danger
      title={t.removeTitle(sender.name)}
      confirm={t.removeConfirm}
      onConfirm={onRemove}
      onClose={onClose}
    >
      <p>{t.removeFree}</p>
    </ConfirmDialog>
  );
}
