// Where this browser keeps what somebody typed into a campaign that the server does not have yet.

import { keep, kept } from '../kept';

/** Apart for each person: several may use a browser. */
export const keptName = (userId: string, campaignId: string | null): string =>
  `draft.${userId}.${campaignId ?? 'new'}`;

export function keptDraft<Kept>(userId: string, campaignId: string | null): Kept | null {
  try {
    return JSON.parse(kept(keptName(userId, campaignId)) ?? 'null') as Kept | null;
  } catch {
    return null;
  }
}

export const forgetDraft = (userId: string, campaignId: string): void =>
  keep(keptName(userId, campaignId), null);
