import { expect, test } from 'vitest';
import { type Estimate, enoughTime, lengthOf, limitOf, worstHold } from './estimate';

const START = Date.parse('2026-11-21T12:00:00Z');
const after = (hours: number) => new Date(START + hours * 3_600_000).toISOString();
const estimate = (hours: number | null): Estimate => ({
  estimated_at: after(0),
  contacts: 10,
  messages_1_done_at: null,
  closes_at: hours === null ? null : after(hours),
  closes_by: after(48),
  fits: false,
  messages_1_by_sender: {},
  per_day: [],
  held_up_by: { quota: 900, pace: 100 },
});

test('there is room above what it needs, and never more than the API allows', () => {
  expect(enoughTime(estimate(10))).toBe(11 * 3600);
  expect(enoughTime(estimate(64))).toBe(3 * 86_400);
  expect(enoughTime(estimate(89 * 24))).toBe(90 * 86_400);
  expect(enoughTime(estimate(null))).toBeNull();
});

test('how long it takes, how long it may take, and what takes longest', () => {
  expect(lengthOf(estimate(10))).toBe(36_000);
  expect(lengthOf(estimate(null))).toBeNull();
  expect(limitOf(estimate(10))).toBe(172_800);
  expect(worstHold(estimate(10))).toBe('quota');
});
