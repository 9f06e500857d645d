import { expect, test } from 'vitest';
import type { Live, LiveCampaign, LiveSender } from '../../live/apply';
import { findings } from './findings';

const nothing: Live = { campaigns: [], senders: [], imports: [], warnings: [] };
const sender = (more: Partial<LiveSender>) =>
  ({ id: 's', name: 'Paris', status: 'active', many_errors: false, ...more }) as LiveSender;
const campaign = (more: Partial<LiveCampaign>) =>
  ({ id: 'c', name: 'Spring', status: 'running', ...more }) as LiveCampaign;

test('when all is well there is nothing to look at', () => {
  expect(findings({ ...nothing, senders: [sender({})], campaigns: [campaign({})] }, 0)).toEqual([]);
});

test('an alert that lasts is there, in words where there are any', () => {
  const alert = { subject_type: 'alert', subject_id: null, text: 'Drift: 3 counters', value: null } as const;
  const found = findings(
    {
      ...nothing,
      senders: [sender({})],
      warnings: [
        { ...alert, kind: 'alert', subject_id: 'reconciliation/counters' },
        { ...alert, kind: 'quota_high', subject_type: 'sender', subject_id: 's', value: 0.83 },
        { ...alert, kind: 'webhook_silence' },
        { ...alert, kind: 'component_down', subject_type: 'component', subject_id: 'temporal' },
      ],
    },
    0,
  );
  expect(found.map(({ kind, name, value }) => [kind, name, value])).toEqual([
    ['webhookSilence', '', 0],
    ['componentDown', 'temporal', 0],
    ['alert', 'Drift: 3 counters', 0],
    ['quotaHigh', 'Paris', 0.83],
  ]);
});

test('the worst comes first, and says where to look', () => {
  const live: Live = {
    ...nothing,
    campaigns: [
      campaign({ status: 'paused' }),
      campaign({ id: 'd', status: 'draft', start_problem: 'no sender' }),
    ],
    senders: [
      sender({ status: 'stopped', status_reason: 'the account is blocked' }),
      sender({ id: 't', many_errors: true, error_rate: 0.2 }),
    ],
    warnings: [{ kind: 'no_worker', subject_type: 'workers', subject_id: null, text: '', value: null }],
  };
  const found = findings(live, 3);
  expect(found.map(({ kind }) => kind)).toEqual([
    'noWorker',
    'senderStopped',
    'campaignNotStarted',
    'senderErrors',
    'failedToday',
    'campaignPaused',
  ]);
  expect(found.find(({ kind }) => kind === 'campaignNotStarted')).toMatchObject({
    href: '/campaigns/d',
    detail: 'no sender',
  });
});
