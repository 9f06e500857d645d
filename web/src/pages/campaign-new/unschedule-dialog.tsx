import { useQueryClient } from '@tanstack/react-query';
import { call } from '../../api/client';
import type { Schemas } from '../../api/types';
import { keyOf } from '../../api/url';
import { ConfirmDialog } from '../../ui/dialog';
import { toast } from '../../ui/toast';
import { useWords } from './words';

export function UnscheduleDialog({
  campaign,
  onClose,
}: {
  campaign: Schemas['CampaignOut'];
  onClose: () => void;
}) {
  const t = useWords();
  const client = useQueryClient();
  const unschedule = async () => {
    await call('delete', '/api/campaigns/{campaign_id}/schedule', { path: { campaign_id: campaign.id } });
    const draft = { ...campaign, status: 'draft', start_at: null };
    client.setQueryData(keyOf(`/api/campaigns/${campaign.id}`), draft);
    void client.invalidateQueries({ queryKey: ['campaigns'] });
    toast({ tone: 'good', text: t.unscheduled });
  };
  return (
    <ConfirmDialog title={t.unscheduleTitle} confirm={t.unschedule} onConfirm={unschedule} onClose={onClose}>
      <p>{t.unscheduleExplained}</p>
    </ConfirmDialog>
  );
}
