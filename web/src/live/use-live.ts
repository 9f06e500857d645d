import { useQuery } from '@tanstack/react-query';
import { read } from '../api/queries';
import { useStore } from '../store';
import type { Live } from './apply';
import { connection } from './connection';

export const useConnection = () => useStore(connection);

/** What is under way now: campaigns, senders, imports and warnings. Events keep it up to date. */
export function useLive() {
  return useQuery({ ...read('/api/live', {}), staleTime: Number.POSITIVE_INFINITY });
}

/** The part of it that a component needs; it renders again when that part changes. */
export function useLivePart<Part>(select: (live: Live) => Part): Part | undefined {
  return useQuery({ ...read('/api/live', {}), staleTime: Number.POSITIVE_INFINITY, select }).data;
}
