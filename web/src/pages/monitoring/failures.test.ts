import { expect, test } from 'vitest';
import { kindOf } from './failures';

test.each([
  ['The number is not on WhatsApp', 'notOnWhatsApp'],
  ['rejected: 400: Wassenger answered 400: phone is invalid', 'rejected'],
  ['unknown: ReadTimeout: no answer from Wassenger: ReadTimeout', 'unknown'],
  ['not_sent: 429: Wassenger answered 429: no reason given', 'busy'],
  ['not_sent: device:banned: Wassenger answered 403', 'account'],
  ['taken back from the gateway when the sender was stopped', 'takenBack'],
  ['Message expired', 'expired'],
  ['something else', undefined],
])('%s', (reason, kind) => {
  expect(kindOf(reason)).toBe(kind);
});
