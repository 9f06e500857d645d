import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import { useStore } from '../../store';
import { gapsOf } from './form';
import { type DraftKeeper, hasChanges } from './keeper';

/** Of what the server has; it is asked for again once that is what is on the screen. */
export function useEstimate(keeper: DraftKeeper) {
  const draft = useStore(keeper.store);
  const isStored = draft.id !== null && !hasChanges(draft);
  const query = useQuery({
    ...read('/api/campaigns/{campaign_id}/estimate', { path: { campaign_id: draft.id ?? '' } }),
    enabled: isStored,
    placeholderData: keepPreviousData,
    staleTime: 30_000,
  });
  return { ...query, isOld: query.isFetching || !isStored, isComplete: gapsOf(draft.form).length === 0 };
}
