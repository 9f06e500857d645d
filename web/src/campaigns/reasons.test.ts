import { expect, test } from 'vitest';
import en from '../i18n/en';
import { reasonText } from './reasons';

test.each([
  ['The number is not on WhatsApp', en.reasons.notOnWhatsApp],
  ['opt-out word', en.reasons.optedOut],
  ['max_age', en.reasons.maxAge],
  ['Wassenger cannot be reached: ConnectError', en.reasons.unreachable],
  ['no answer from Wassenger: ReadTimeout', en.reasons.noAnswer],
  ['Wassenger answered 429: slow down', en.reasons.busy],
  ['Wassenger answered 400: bad phone', 'The gateway refused it (400). bad phone'],
  ['the provider does not know the message', en.reasons.notKnown],
  ['Nobody to write to: import contacts into one of the categories first', en.reasons.nobody],
  ['The campaign cannot fit its maximum age: about 3 hours', en.reasons.tooLong],
  ['nothing was running when it should have started, 2 hours ago', en.reasons.overdue],
  ['something else', 'something else'],
])('%s', (reason, words) => {
  expect(reasonText(en.reasons, reason)).toBe(words);
});
