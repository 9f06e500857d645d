import { QueryClient } from '@tanstack/react-query';
import { describe, expect, test } from 'vitest';
import { changed, type Live, type LiveCampaign, outdated, patchLists } from './apply';

const campaign = (id: string, more: Partial<LiveCampaign> = {}) =>
  ({ id, name: id, status: 'running', messages_sent: 0, ...more }) as LiveCampaign;
const live: Live = { campaigns: [campaign('a'), campaign('b')], senders: [], imports: [], warnings: [] };

describe('what an event changes', () => {
  test('a campaign takes its own place and leaves the others as they are', () => {
    const after = changed(live, { name: 'campaign', data: campaign('b', { messages_sent: 7 }) });
    expect(after.campaigns.map(({ messages_sent }) => messages_sent)).toEqual([0, 7]);
    expect(after.campaigns[0]).toBe(live.campaigns[0]);
  });

  test('what is new comes to the rest', () => {
    expect(changed(undefined, { name: 'campaign', data: campaign('c') }).campaigns).toHaveLength(1);
  });

  test('a reset is everything there is', () => {
    expect(changed(live, { name: 'reset', data: { ...live, campaigns: [] } }).campaigns).toEqual([]);
  });

  test('after a reset every list may be old, after an event only its own', () => {
    expect(outdated({ name: 'reset', data: live }, live)).toContainEqual(['campaigns']);
    expect(outdated({ name: 'campaign', data: campaign('a') }, live)).toContainEqual(['campaigns', 'a']);
    expect(outdated({ name: 'warnings', data: [] }, live)).toEqual([]);
  });

  test('a campaign that is new or in another state may belong into other lists', () => {
    for (const data of [campaign('c'), campaign('a', { status: 'paused' })]) {
      expect(outdated({ name: 'campaign', data }, live)).toContainEqual(['campaigns']);
    }
  });
});

test('lists get the live numbers that they show, and nothing else', () => {
  const client = new QueryClient();
  const listed = { id: 'a', messages_sent: 0, created_at: 'then' };
  const other = { id: 'b', messages_sent: 0, created_at: 'then' };
  client.setQueryData(['campaigns', 'pages'], {
    pages: [{ items: [listed, other], next_cursor: null }],
    pageParams: [null],
  });
  client.setQueryData(['campaigns', 'a'], { id: 'a', counts: {} });
  patchLists(client, campaign('a', { messages_sent: 9, pending: 3 }));
  const data = client.getQueryData<{ pages: { items: unknown[] }[] }>(['campaigns', 'pages']);
  expect(data?.pages[0]?.items).toEqual([{ ...listed, messages_sent: 9 }, other]);
  expect(data?.pages[0]?.items[1]).toBe(other);
  expect(client.getQueryData(['campaigns', 'a'])).toEqual({ id: 'a', counts: {} });
});
