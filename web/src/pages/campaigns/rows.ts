// Campaigns as the list has them: in which tab each is, and what to do with it next.

import { navigate } from 'wouter/use-browser-location';
import { call } from '../../api/client';
import type { Schemas } from '../../api/types';
import { duplicate } from '../../campaigns/duplicate';
import { forgetDraft } from '../../campaigns/kept-draft';
import { useWrite } from '../../optimistic/use-optimistic';
import { useMe } from '../../session/session';
import { toast } from '../../ui/toast';
import type { Words } from './words';

export type Campaign = Schemas['ListedCampaign'];

export const TABS = {
  all: undefined,
  draft: ['draft'],
  scheduled: ['scheduled'],
  running: ['running'],
  paused: ['paused'],
  ended: ['completed', 'cancelled'],
} as const;

export type TabName = keyof typeof TABS;

/** The tab that stands for its state. */
export const kindOf = ({ status }: Campaign): Exclude<TabName, 'all'> =>
  status === 'completed' || status === 'cancelled' ? 'ended' : (status as Exclude<TabName, 'all' | 'ended'>);

export const hrefOf = ({ id, status }: Campaign): string =>
  status === 'draft' || status === 'scheduled' ? `/campaigns/${id}/edit` : `/campaigns/${id}`;

const NOT_THERE_YET = 'new-';

/** A copy that the server has not made yet: there is nothing to be done with it. */
export const isOnItsWay = ({ id }: Campaign): boolean => id.startsWith(NOT_THERE_YET);

/** What a row offers; all of it is seen at once. */
export function useCampaignActions(t: Words) {
  const me = useMe();
  const write = useWrite<Campaign>('campaigns');
  return {
    resume: (campaign: Campaign) =>
      write.update({
        ids: [campaign.id],
        patch: (each) => ({ ...each, status: 'running', pause_scope: null }),
        request: (idempotencyKey) =>
          call(
            'post',
            '/api/campaigns/{campaign_id}/resume',
            { path: { campaign_id: campaign.id } },
            { idempotencyKey },
          ),
        failed: t.resumeNotDone,
      }),
    remove: (campaign: Campaign) =>
      write.remove({
        ids: [campaign.id],
        request: async () => {
          await call('delete', '/api/campaigns/{campaign_id}', { path: { campaign_id: campaign.id } });
          forgetDraft(me.id, campaign.id);
        },
        failed: t.notDeleted,
      }),
    duplicate: async (campaign: Campaign) => {
      const name = t.duplicateName(campaign.name);
      const copy = await write.create({
        item: draftLike(campaign, name),
        request: (key) => duplicate(campaign.id, name, key),
        itemOf: ({ id }) => ({ ...draftLike(campaign, name), id }),
        failed: t.notDuplicated,
      });
      if (!copy) return;
      const edit = { label: t.editCopy, run: () => navigate(`/campaigns/${copy.id}/edit`) };
      toast({ tone: 'good', text: t.duplicated, detail: name, action: edit });
    },
  };
}

const draftLike = (campaign: Campaign, name: string): Campaign => ({
  ...campaign,
  id: `${NOT_THERE_YET}${crypto.randomUUID()}`,
  name,
  status: 'draft',
  pause_scope: null,
  created_at: new Date().toISOString(),
  start_at: null,
  start_problem: null,
  started_at: null,
  closed_at: null,
  close_reason: null,
  total_contacts: 0,
  final_contacts: 0,
  messages_sent: 0,
  messages_delivered: 0,
  messages_read: 0,
  interactions: 0,
  failures: 0,
});
