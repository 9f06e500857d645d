import { expect, test } from 'vitest';
import { paceReason } from './pace-reason';

test.each([
  ['night', { kind: 'night' }],
  ['paused by a person', { kind: 'person' }],
  ['450 of 450 messages sent in 24 hours', { kind: 'quota', sent: 450, quota: 450, kept: 0 }],
  [
    '400 of 450 messages sent in 24 hours, room for 50 replies is kept',
    { kind: 'quota', sent: 400, quota: 450, kept: 50 },
  ],
  ['careful profile, a message every 22.5 s', { kind: 'every', profile: 'careful', delayS: 22.5, factor: 1 }],
  [
    'standard profile, a message every 12 s, 1.5 times as long as usual because of errors',
    { kind: 'every', profile: 'standard', delayS: 12, factor: 1.5 },
  ],
  ['fixed profile, a message every 2e-05 s', { kind: 'every', profile: 'fixed', delayS: 0.00002, factor: 1 }],
  ['3 messages failed in a row', { kind: 'failedInARow', count: 3 }],
  ['5 messages failed within ten minutes', { kind: 'failedInTen', count: 5 }],
  ['the session is broken', { kind: 'other', text: 'the session is broken' }],
])('%s', (text, reason) => {
  expect(paceReason(text)).toEqual(reason);
});
