// The days of a campaign, from its start to its end, with what is planned for those to come.

import type { Schemas } from '../../api/types';
import type { Estimate } from './data';

export interface Day {
  readonly day: string;
  readonly first: number;
  readonly second: number;
  readonly read: number;
  readonly reactions: number;
  readonly planned: number;
}

const DAY_MS = 86_400_000;
/** As many as the API gives. */
const MOST_DAYS = 90;

const dayOf = (moment: string | number): string => new Date(moment).toISOString().slice(0, 10);

/** How many days to ask for, so that the first is there, today included. */
export function daysSince(startedAt: string, now: number): number {
  const days = Math.round((Date.parse(dayOf(now)) - Date.parse(dayOf(startedAt))) / DAY_MS) + 1;
  return Math.min(MOST_DAYS, Math.max(1, days));
}

export function daysOf(
  happened: readonly Schemas['DayOut'][],
  planned: Estimate['per_day'],
  startedAt: string,
  closedAt: string | null,
): readonly Day[] {
  const first = dayOf(startedAt);
  const last = closedAt ? dayOf(closedAt) : '9999';
  const days = new Map<string, Day>();
  for (const each of happened) {
    // What arrives after the end still belongs to it.
    const isLate = each.day > last && each.messages_sent + each.messages_read + each.interactions === 0;
    if (each.day < first || isLate) continue;
    days.set(each.day, {
      day: each.day,
      first: each.messages_1_sent,
      second: each.messages_2_sent,
      read: each.messages_read,
      reactions: each.interactions,
      planned: 0,
    });
  }
  for (const { day, messages } of planned) {
    const known = days.get(day) ?? { day, first: 0, second: 0, read: 0, reactions: 0, planned: 0 };
    if (messages > 0) days.set(day, { ...known, planned: messages });
  }
  return [...days.values()].sort((one, other) => (one.day < other.day ? -1 : 1));
}
