// The drafts that this tab has open. They outlive their page, so that what is on its way when somebody leaves arrives,
// and whoever comes back finds it as it was.

import { call } from '../../api/client';
import { queryClient } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { keyOf } from '../../api/url';
import { keptDraft, keptName } from '../../campaigns/kept-draft';
import { keep } from '../../kept';
import { emptyForm, type Form, formOf, restored, whole } from './form';
import { DraftKeeper, type Kept, type Saved, type Ways } from './keeper';

type Campaign = Schemas['CampaignOut'];

const NEW = '';
const open = new Map<string, DraftKeeper>();
/** What the last new one has become, for whoever goes back to where it was new. */
let lastMade: string | null = null;

export const openDraft = (id: string | undefined): DraftKeeper | undefined => open.get(id ?? NEW);

export const lastMadeDraft = (): string | null => lastMade;

export function forgetMade(): void {
  lastMade = null;
}

const saved = (campaign: Campaign): Saved => {
  // The editor's own answer is newer than whatever was asked for before.
  queryClient.setQueryData(keyOf(`/api/campaigns/${campaign.id}`), campaign);
  void queryClient.invalidateQueries({ queryKey: keyOf(`/api/campaigns/${campaign.id}/estimate`) });
  void queryClient.invalidateQueries({ queryKey: ['campaigns'], refetchType: 'none' });
  return { id: campaign.id, form: formOf(campaign) };
};

const waysOf = (userId: string): Ways => ({
  create: async (form, idempotencyKey) => {
    const answer = await call('post', '/api/campaigns', { body: whole(form) }, { idempotencyKey });
    const keeper = open.get(NEW);
    if (keeper) open.set(answer.id, keeper);
    open.delete(NEW);
    lastMade = answer.id;
    return saved(answer);
  },
  change: async (id, body) =>
    saved(await call('patch', '/api/campaigns/{campaign_id}', { path: { campaign_id: id }, body })),
  keep: (id, kept) => keep(keptName(userId, id), kept && JSON.stringify(kept)),
});

/** A new one, or the new one that this browser still remembers. */
export function newDraft(userId: string, defaults: Partial<Form>): DraftKeeper {
  const form = emptyForm(defaults);
  const kept = keptDraft<Kept>(userId, null);
  const keeper = new DraftKeeper(
    kept ? { ...kept, form: emptyForm(kept.form) } : { id: null, form, base: form, posted: null },
    waysOf(userId),
  );
  open.set(NEW, keeper);
  return keeper;
}

/** One that the server has, with what this browser could not store of it. */
export function storedDraft(userId: string, campaign: Campaign): DraftKeeper {
  const base = formOf(campaign);
  const kept = keptDraft<Kept>(userId, campaign.id);
  const form = kept ? restored(base, kept) : base;
  const keeper = new DraftKeeper({ id: campaign.id, form, base, posted: null }, waysOf(userId));
  open.set(campaign.id, keeper);
  return keeper;
}

/** Done with: the next time it is read from the server. */
export function closeDraft(keeper: DraftKeeper): void {
  for (const [id, each] of open) if (each === keeper) open.delete(id);
}
