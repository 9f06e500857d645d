import { call } from '../api/client';

/** The API names a copy in English. The name is cut where the API would refuse it. */
export async function duplicate(campaignId: string, wanted: string, idempotencyKey: string) {
  const name = wanted.slice(0, 200);
  const path = { campaign_id: campaignId };
  const copy = await call('post', '/api/campaigns/{campaign_id}/duplicate', { path }, { idempotencyKey });
  if (copy.name === name) return copy;
  return call('patch', '/api/campaigns/{campaign_id}', { path: { campaign_id: copy.id }, body: { name } });
}
