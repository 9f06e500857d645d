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
    warnings: [{ kind: 'no_worker', subject_type: 'workers', subject_id: null, text: '' }],
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
