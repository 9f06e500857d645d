// What the parts of this page read.

import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { useItem } from '../../optimistic/use-optimistic';

export type Campaign = Schemas['CampaignOut'];
export type Statistics = Schemas['StatisticsOut'];
export type Estimate = Schemas['EstimateOut'];

export const placeOf = (id: string) => ({ path: { campaign_id: id } });

export const isOpen = ({ status }: Campaign): boolean => status === 'running' || status === 'paused';
export const isClosed = ({ status }: Campaign): boolean => status === 'completed' || status === 'cancelled';

/** The campaign as it will be once what is under way has arrived. */
export function useCampaign(id: string) {
  const query = useQuery(read('/api/campaigns/{campaign_id}', placeOf(id)));
  return { ...query, campaign: useItem<Campaign>('campaigns', query.data) };
}

export const useStatistics = (id: string) =>
  useQuery(read('/api/campaigns/{campaign_id}/statistics', placeOf(id)));

/**
 * When it will be done. A simulation of all that is left, so it is asked for when the campaign has got a hundredth
 * further, and not with each of its messages.
 */
export function useEstimate(campaign: Campaign, enabled: boolean) {
  const { id, status, counts, start_at } = campaign;
  const left = counts.total_contacts - counts.messages_1_sent;
  const step = counts.total_contacts > 0 ? Math.floor((100 * left) / counts.total_contacts) : 0;
  const { queryFn } = read('/api/campaigns/{campaign_id}/estimate', placeOf(id));
  return useQuery<Estimate>({
    queryKey: ['estimates', id, status, start_at, step],
    queryFn: queryFn as () => Promise<Estimate>,
    enabled,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  });
}
