import { useCommon } from '../../i18n/words';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { TestSend } from '../campaign-new/test-send';
import type { Campaign } from './data';
import { useWords } from './words';

/** Its messages to one number, really sent, and what became of those before. */
export function TestDialog({ campaign, onClose }: { campaign: Campaign; onClose: () => void }) {
  const t = useWords();
  const common = useCommon();
  return (
    <Dialog title={t.sendTest} onClose={onClose} actions={<Button onClick={onClose}>{common.close}</Button>}>
      <TestSend
        campaignId={campaign.id}
        flush={() => Promise.resolve(campaign.id)}
        senderIds={campaign.sender_ids}
        isReady
      />
    </Dialog>
  );
}
