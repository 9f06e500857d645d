import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import type { Schemas } from '../../api/types';

export type Sender = Schemas['ListedSender'];

const MOST = 200;

/** As many as a page of them holds. */
export const sendersQuery = read('/api/senders', { query: { limit: MOST } });

const NONE: readonly Sender[] = [];

export const useSenders = (): readonly Sender[] => useQuery(sendersQuery).data?.items ?? NONE;
