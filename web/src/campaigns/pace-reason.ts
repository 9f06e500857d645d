// Why a sender is at its pace. The API says it in a sentence, made from a closed set (domain/pacing/assessment.py):
// this takes it apart, so that it can be said in the shown language. What is not from that set is shown as it is.

export type PaceReason =
  | { readonly kind: 'person' | 'campaigns' | 'break' | 'rest' | 'night' }
  | { readonly kind: 'quota'; readonly sent: number; readonly quota: number; readonly kept: number }
  | { readonly kind: 'every'; readonly profile: string; readonly delayS: number; readonly factor: number }
  | { readonly kind: 'failedInARow' | 'failedInTen'; readonly count: number }
  | { readonly kind: 'other'; readonly text: string };

const FIXED: Readonly<Record<string, 'person' | 'campaigns' | 'break' | 'rest' | 'night'>> = {
  'paused by a person': 'person',
  'all its campaigns are paused': 'campaigns',
  'the gateway asked for a break': 'break',
  'a rest after many messages in a row': 'rest',
  night: 'night',
};
const QUOTA = /^(\d+) of (\d+) messages sent in 24 hours(?:, room for (\d+) replies is kept)?$/;
const EVERY =
  /^(\w+) profile, a message every ([\d.e+-]+) s(?:, ([\d.e+-]+) times as long as usual because of errors)?$/;
const IN_A_ROW = /^(\d+) messages failed in a row$/;
const IN_TEN = /^(\d+) messages failed within ten minutes$/;

export function paceReason(text: string): PaceReason {
  const fixed = FIXED[text];
  if (fixed) return { kind: fixed };
  const quota = QUOTA.exec(text);
  if (quota)
    return { kind: 'quota', sent: Number(quota[1]), quota: Number(quota[2]), kept: Number(quota[3] ?? 0) };
  const every = EVERY.exec(text);
  if (every)
    return { kind: 'every', profile: every[1] ?? '', delayS: Number(every[2]), factor: Number(every[3] ?? 1) };
  const row = IN_A_ROW.exec(text);
  if (row) return { kind: 'failedInARow', count: Number(row[1]) };
  const ten = IN_TEN.exec(text);
  return ten ? { kind: 'failedInTen', count: Number(ten[1]) } : { kind: 'other', text };
}
