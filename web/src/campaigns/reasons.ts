// Why something was not sent, or ended, as servers and the gateway write it, in the shown language. What is not known
// here is said as it came.

import type { useCommon } from '../i18n/words';

type Words = ReturnType<typeof useCommon>['reasons'];

const KNOWN: readonly (readonly [RegExp, Exclude<keyof Words, 'refused'>])[] = [
  [/not on whatsapp|not registered|no whatsapp/i, 'notOnWhatsApp'],
  [/^opt-out word$|has opted out/, 'optedOut'],
  [/^max_age$/, 'maxAge'],
  [/^cancelled$/, 'cancelled'],
  [/cannot be reached/, 'unreachable'],
  [/no answer from|answer cannot be read/, 'noAnswer'],
  [/answered 429|holds the lock/, 'busy'],
  [/does not know the message/, 'notKnown'],
  [/could not deliver/, 'undeliverable'],
  [/frozen before the POST/, 'stale'],
  [/^taken back from the gateway/, 'takenBack'],
  [/^Nobody to write to/, 'nobody'],
  [/^The campaign cannot fit/, 'tooLong'],
  [/^nothing was running when/, 'overdue'],
  [/not be sent within ten minutes/, 'gaveUp'],
];
const REFUSED = /answered (\d{3}): (.*)/;

export function reasonText(words: Words, reason: string): string {
  const known = KNOWN.find(([pattern]) => pattern.test(reason));
  if (known) return words[known[1]];
  const refused = REFUSED.exec(reason);
  return refused ? `${words.refused(refused[1] ?? '')} ${refused[2] ?? ''}` : reason;
}
