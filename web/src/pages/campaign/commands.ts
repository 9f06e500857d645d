// What can be done to a campaign that has left its wizard.

import { useQueryClient } from '@tanstack/react-query';
import { navigate } from 'wouter/use-browser-location';
import { call } from '../../api/client';
import { failure } from '../../api/failure';
import { invalidate } from '../../api/long-lists';
import { duplicate } from '../../campaigns/duplicate';
import { commonWords } from '../../i18n/words';
import { useWrite } from '../../optimistic/use-optimistic';
import { toast } from '../../ui/toast';
import { type Campaign, placeOf } from './data';
import { useWords } from './words';

export type PauseScope = 'message_1' | 'all';

/** These are seen at once, and taken back when they fail. */
export function useChanges({ id }: Campaign) {
  const t = useWords();
  const write = useWrite<Campaign>('campaigns', { outdates: [['estimates', id], ['monitoring']] });
  const place = placeOf(id);
  const itemOf = (answer: Campaign) => answer;
  return {
    pause: (scope: PauseScope) =>
      write.update({
        ids: [id],
        patch: (campaign) => ({ ...campaign, status: 'paused', pause_scope: scope }),
        request: (idempotencyKey) =>
          call('post', '/api/campaigns/{campaign_id}/pause', { ...place, body: { scope } }, { idempotencyKey }),
        itemOf,
        failed: t.notPaused,
      }),
    resume: () =>
      write.update({
        ids: [id],
        patch: (campaign) => ({ ...campaign, status: 'running', pause_scope: null }),
        request: (idempotencyKey) =>
          call('post', '/api/campaigns/{campaign_id}/resume', place, { idempotencyKey }),
        itemOf,
        failed: t.notResumed,
      }),
    rename: (name: string) =>
      write.update({
        ids: [id],
        patch: (campaign) => ({ ...campaign, name }),
        request: () => call('patch', '/api/campaigns/{campaign_id}', { ...place, body: { name } }),
        itemOf,
        failed: t.notRenamed,
      }),
  };
}

/** These are waited for: what comes of them decides what is shown next. */
export function useSteps({ id, name }: Campaign) {
  const t = useWords();
  const client = useQueryClient();
  const place = placeOf(id);
  const arrived = () => {
    void invalidate(client, ['estimates', id]);
    return invalidate(client, ['campaigns']);
  };
  async function copied(key: string = crypto.randomUUID()) {
    try {
      const copy = await duplicate(id, t.copyOf(name), key);
      void arrived();
      toast({ tone: 'good', text: t.copied });
      navigate(`/campaigns/${copy.id}`);
    } catch (error) {
      const again = { label: commonWords().tryAgain, run: () => void copied(key) };
      toast({ tone: 'bad', text: t.notCopied, detail: failure(error), action: again });
    }
  }
  return {
    cancel: async () => {
      await call('post', '/api/campaigns/{campaign_id}/cancel', place);
      toast({ tone: 'info', text: t.cancelling });
      await arrived();
    },
    start: () => call('post', '/api/campaigns/{campaign_id}/start', place).then(arrived),
    unschedule: () => call('delete', '/api/campaigns/{campaign_id}/schedule', place).then(arrived),
    duplicate: () => copied(),
  };
}
