import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';

/** What senders are called; '…' until that is known. */
export function useSenderNames(): (id: string) => string {
  const senders = useQuery(read('/api/senders', { query: { limit: 200 } }));
  return (id) => senders.data?.items.find((sender) => sender.id === id)?.name ?? '…';
}
