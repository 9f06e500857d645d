import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { call } from '../../api/client';
import { audienceOf, type Form } from './form';

export type Whom = Pick<Form, 'everyone' | 'category_ids'>;

/** Whom a campaign would reach now. An import or an opt-out makes it outdated, like everything about contacts. */
export function useAudience(whom: Whom) {
  const body = audienceOf(whom);
  return useQuery({
    queryKey: ['contacts', 'audience', body],
    queryFn: ({ signal }) => call('post', '/api/campaigns/audience', { body }, { signal }),
    enabled: whom.everyone || whom.category_ids.length > 0,
    placeholderData: keepPreviousData,
    staleTime: 10_000,
  });
}
