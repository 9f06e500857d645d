// What a person should look at, from what is known now; the worst first.

import type { Live } from '../../live/apply';

export interface Finding {
  readonly id: string;
  readonly kind:
    | 'noWorker'
    | 'senderStopped'
    | 'senderErrors'
    | 'senderPaused'
    | 'campaignNotStarted'
    | 'campaignPaused'
    | 'failedToday'
    | 'componentDown'
    | 'quotaHigh'
    | 'webhookSilence'
    | 'upkeepFindings'
    | 'installationHeld'
    | 'alert';
  readonly tone: 'bad' | 'warn' | 'info';
  readonly href: string;
  readonly name: string;
  /** A rate or a count, where the kind has one. */
  readonly value: number;
  /** In the words of whoever reported it. */
  readonly detail: string | null;
}

const NOTHING = { name: '', value: 0, detail: null };
const ORDER = ['bad', 'warn', 'info'];

export function findings(live: Live, failuresToday: number): readonly Finding[] {
  const found: Finding[] = [];
  for (const { kind, subject_id: subject, text, value } of live.warnings) {
    const here = { ...NOTHING, id: subject ?? kind, href: '/monitoring' };
    if (kind === 'no_worker') found.push({ ...here, kind: 'noWorker', tone: 'bad' });
    else if (kind === 'component_down')
      found.push({ ...here, kind: 'componentDown', tone: 'bad', name: subject ?? '' });
    else if (kind === 'webhook_silence') found.push({ ...here, kind: 'webhookSilence', tone: 'bad' });
    else if (kind === 'upkeep_findings') found.push({ ...here, kind: 'upkeepFindings', tone: 'warn' });
    else if (kind === 'installation_held') found.push({ ...here, kind: 'installationHeld', tone: 'bad' });
    else if (kind === 'alert') found.push({ ...here, kind: 'alert', tone: 'warn', name: text });
    else if (kind === 'quota_high') {
      const name = live.senders.find(({ id }) => id === subject)?.name ?? '';
      found.push({ ...here, kind: 'quotaHigh', tone: 'warn', href: '/senders', name, value: value ?? 1 });
    }
  }
  for (const {
    id,
    name,
    status,
    status_reason: detail,
    many_errors: many,
    error_rate: value,
  } of live.senders) {
    const sender = { ...NOTHING, id, name, href: '/senders' };
    if (status === 'stopped') found.push({ ...sender, kind: 'senderStopped', tone: 'bad', detail });
    else if (status === 'paused') found.push({ ...sender, kind: 'senderPaused', tone: 'info' });
    else if (many) found.push({ ...sender, kind: 'senderErrors', tone: 'warn', value });
  }
  for (const { id, name, status, start_problem: detail } of live.campaigns) {
    const campaign = { ...NOTHING, id, name, href: `/campaigns/${id}` };
    if (detail) found.push({ ...campaign, kind: 'campaignNotStarted', tone: 'bad', detail });
    else if (status === 'paused') found.push({ ...campaign, kind: 'campaignPaused', tone: 'info' });
  }
  if (failuresToday > 0) {
    found.push({
      ...NOTHING,
      id: 'failed',
      kind: 'failedToday',
      tone: 'warn',
      href: '/monitoring',
      value: failuresToday,
    });
  }
  return found.sort((one, other) => ORDER.indexOf(one.tone) - ORDER.indexOf(other.tone));
}
