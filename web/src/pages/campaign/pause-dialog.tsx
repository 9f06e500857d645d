import { useState } from 'react';
import { dateTime } from '../../i18n/format';
import { ConfirmDialog } from '../../ui/dialog';
import type { PauseScope } from './commands';
import type { Campaign } from './data';
import { useWords } from './words';

const SCOPES = ['message_1', 'all'] as const;

interface PauseDialogProps {
  campaign: Campaign;
  onPause: (scope: PauseScope) => void;
  onClose: () => void;
}

/** What is paused, and for how many that means what. */
export function PauseDialog({ campaign, onPause, onClose }: PauseDialogProps) {
  const t = useWords();
  const [scope, setScope] = useState<PauseScope>(campaign.pause_scope === 'all' ? 'all' : 'message_1');
  const { pending = 0, message_1_sent: waiting = 0 } = campaign.counts.contacts_by_state;
  const words = {
    message_1: [t.pauseFirst, t.pauseFirstExplained],
    all: [t.pauseAll, t.pauseAllExplained],
  } as const;
  return (
    <ConfirmDialog title={t.pauseTitle} confirm={t.pause} onConfirm={() => onPause(scope)} onClose={onClose}>
      <fieldset className="choices">
        <legend className="hidden">{t.pauseWhat}</legend>
        {SCOPES.map((each) => (
          <label key={each} className="choice">
            <input type="radio" name="scope" checked={scope === each} onChange={() => setScope(each)} />
            <span>
              <strong>{words[each][0]}</strong>
              <span className="field-hint">{words[each][1]}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <ul className="effects">
        {pending > 0 && <li>{t.notContacted(pending)}</li>}
        {waiting > 0 && <li>{scope === 'all' ? t.notFollowedUp(waiting) : t.stillFollowedUp(waiting)}</li>}
        {campaign.closes_by && <li>{t.pauseTime(dateTime(campaign.closes_by))}</li>}
      </ul>
    </ConfirmDialog>
  );
}
