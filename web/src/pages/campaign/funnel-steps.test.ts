import fc from 'fast-check';
import { expect, test } from 'vitest';
import { funnelOf } from './funnel-steps';

const count = fc.nat(1_000_000);
const counted = fc.record({
  enrolled_contacts: count,
  messages_1_sent: count,
  messages_1_delivered: count,
  messages_1_read: count,
  contacts_replied: count,
  messages_2_sent: count,
});

test('each step is a part of the one that it says', () => {
  const steps = funnelOf({
    enrolled_contacts: 1000,
    messages_1_sent: 800,
    messages_1_delivered: 760,
    messages_1_read: 400,
    contacts_replied: 200,
    messages_2_sent: 190,
  });
  expect(steps.map(({ rate }) => rate)).toEqual([null, 0.8, 0.95, 0.5, 0.25, 0.95]);
  expect(steps.map(({ share }) => share)).toEqual([1, 0.8, 0.76, 0.4, 0.2, 0.19]);
});

test('whatever the numbers, no bar is longer than its row and no rate is of nothing', () => {
  fc.assert(
    fc.property(counted, (numbers) => {
      for (const { rate, share } of funnelOf(numbers)) {
        expect(share >= 0 && share <= 1).toBe(true);
        expect(rate === null || (rate >= 0 && rate <= 1)).toBe(true);
      }
    }),
  );
});
