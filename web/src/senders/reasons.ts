// Why a sender does what it does: the API says it in English, here it is taken apart to be said in any language.

import { measure, number, percent } from '../i18n/format';
import type { Words } from '../pages/senders/words';

type Numbers = readonly number[];

/** What the API writes, and the words for it; `#` in a pattern stands for a number. */
const PATTERNS: readonly (readonly [string, (t: Words['reasons'], found: Numbers) => string])[] = [
  ['paused by a person', (t) => t.pausedByPerson],
  ['all its campaigns are paused', (t) => t.campaignsPaused],
  ['the gateway asked for a break', (t) => t.gatewayBreak],
  ['a rest after many messages in a row', (t) => t.rest],
  ['night', (t) => t.night],
  ['# of # messages sent in 24 hours', (t, [sent = 0, quota = 0]) => t.quota(sent, quota)],
  [
    '# of # messages sent in 24 hours, room for # replies is kept',
    (t, [sent = 0, quota = 0, kept = 0]) => t.quotaKept(sent, quota, kept),
  ],
  ['# messages failed in a row', (t, [count = 0]) => t.failedInARow(count)],
  ['# messages failed within ten minutes', (t, [count = 0]) => t.failedInTenMinutes(count)],
  ['careful profile, a message every # s', (t, [delay = 0]) => t.careful(every(t, delay))],
  ['standard profile, a message every # s', (t, [delay = 0]) => t.standard(every(t, delay))],
  ['fixed profile, a message every # s', (t, [delay = 0]) => t.fixed(every(t, delay))],
];

const NUMBER = '([\\d.]+(?:e[+-]?\\d+)?)';
const SLOWER = new RegExp(`^(.+), ${NUMBER} times as long as usual because of errors$`);
const SESSION = /^the WhatsApp session is (\w+)$/;
const REFUSED = /answered (\d{1,6}): (.*)/;

const MATCHERS = PATTERNS.map(
  ([pattern, say]) => [new RegExp(`^${pattern.replaceAll('#', NUMBER)}$`), say] as const,
);

/** The reason in the shown language; what nobody here knows stays as it is. */
export function inWords({ reasons }: Pick<Words, 'reasons'>, reason: string): string {
  const slower = SLOWER.exec(reason);
  if (slower?.[1]) {
    const usual = inWords({ reasons }, slower[1]);
    // A fixed pace does not heed errors, whatever is added to its reason.
    return slower[1].startsWith('fixed') ? usual : reasons.slower(usual, percent(Number(slower[2]) - 1));
  }
  const session = SESSION.exec(reason)?.[1];
  if (session)
    return reasons.session((reasons.sessions as Readonly<Record<string, string>>)[session] ?? session);
  const [, status, text] = REFUSED.exec(reason) ?? [];
  if (status) return reasons.refused(status, text ?? '');
  for (const [matcher, say] of MATCHERS) {
    const found = matcher.exec(reason);
    if (found) return say(reasons, found.slice(1).map(Number));
  }
  return reason;
}

/** As `inWords`, with a point at its end, so that a sentence can follow. */
export function asSentence(t: Pick<Words, 'reasons'>, reason: string): string {
  const words = inWords(t, reason);
  return /[.!?…]$/.test(words) ? words : `${words}.`;
}

/** A pace as people think of it: so long between two messages, or so many in a second. */
export function every(t: Words['reasons'], delayS: number): string {
  return delayS >= 1 ? t.every(measure(delayS, 'second')) : t.perSecond(number(Math.round(10 / delayS) / 10));
}
