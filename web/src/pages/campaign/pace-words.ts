import { paceReason } from '../../campaigns/pace-reason';
import { duration, number } from '../../i18n/format';
import type { CampaignWords } from './words';

const EXACT_BELOW_S = 60;

/** How long a sender waits between two messages: to a tenth where that matters. */
const delayWords = (t: CampaignWords, seconds: number): string =>
  seconds < EXACT_BELOW_S ? t.seconds(number(Math.round(seconds * 10) / 10)) : duration(seconds);

export const everyWords = (t: CampaignWords, seconds: number): string => t.every(delayWords(t, seconds));

export function reasonWords(t: CampaignWords, text: string): string {
  const reason = paceReason(text);
  switch (reason.kind) {
    case 'quota':
      return reason.kept > 0
        ? t.pace.quotaKept(reason.sent, reason.quota, reason.kept)
        : t.pace.quota(reason.sent, reason.quota);
    case 'every': {
      const delay = delayWords(t, reason.delayS);
      const profile = (t.profiles as Readonly<Record<string, string>>)[reason.profile] ?? reason.profile;
      return reason.factor > 1 ? t.pace.slower(delay, profile, reason.factor) : t.pace.every(delay, profile);
    }
    case 'failedInARow':
    case 'failedInTen':
      return t.pace[reason.kind](reason.count);
    case 'other':
      return reason.text;
    default:
      return t.pace[reason.kind];
  }
}
