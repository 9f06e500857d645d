// Why a message failed, in words for people: gateways and networks say it in many ways, of which few differ in what
// somebody would do about it.

import type { Words } from './words';

export type FailureKind = keyof Words['reasons'];

const KINDS: readonly (readonly [RegExp, FailureKind])[] = [
  [/not on whatsapp|no whatsapp account/i, 'notOnWhatsApp'],
  [/taken back/i, 'takenBack'],
  [/\b(401|402|403)\b|device:|session:/i, 'account'],
  [/expire/i, 'expired'],
  [/^unknown\b/, 'unknown'],
  [/^not_sent\b/, 'busy'],
  [/^(rejected|refused)\b/, 'rejected'],
];

/** `undefined`: only its own words say it. */
export const kindOf = (reason: string): FailureKind | undefined =>
  KINDS.find(([pattern]) => pattern.test(reason))?.[1];
