import { expect, test } from 'vitest';
import { daysOf, daysSince } from './days';

const happened = (day: string, sent = 0) => ({
  day,
  messages_sent: sent,
  messages_1_sent: sent,
  messages_2_sent: 0,
  messages_delivered: 0,
  messages_read: 0,
  interactions: 0,
  failures: 0,
});
const day = (name: string, first: number, planned = 0) => ({
  day: name,
  first,
  second: 0,
  read: 0,
  reactions: 0,
  planned,
});

test('a campaign has the days from its start on, those to come with what is planned', () => {
  const days = daysOf(
    [happened('2026-11-18', 9), happened('2026-11-19', 5), happened('2026-11-20')],
    [
      { day: '2026-11-20', messages: 3 },
      { day: '2026-11-21', messages: 4 },
    ],
    '2026-11-19T08:00:00Z',
    null,
  );
  expect(days).toEqual([day('2026-11-19', 5), day('2026-11-20', 0, 3), day('2026-11-21', 0, 4)]);
});

test('the days after its end are left out, unless something came', () => {
  const days = daysOf(
    [happened('2026-11-18', 9), happened('2026-11-19'), happened('2026-11-20', 1)],
    [],
    '2026-11-18T08:00:00Z',
    '2026-11-18T23:00:00Z',
  );
  expect(days.map((each) => each.day)).toEqual(['2026-11-18', '2026-11-20']);
});

test('days change at midnight in UTC', () => {
  const now = Date.parse('2026-11-21T00:30:00Z');
  expect(daysSince('2026-11-21T00:10:00Z', now)).toBe(1);
  expect(daysSince('2026-11-20T23:50:00Z', now)).toBe(2);
  expect(daysSince('2026-01-01T00:00:00Z', now)).toBe(90);
});
