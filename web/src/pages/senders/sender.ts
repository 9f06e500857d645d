// A sender as its list has it, and what can be asked of it.

import { call } from '../../api/client';
import type { Schemas } from '../../api/types';
import { useWrite } from '../../optimistic/use-optimistic';
import { useWords } from './words';

export type Sender = Schemas['ListedSender'];
export type PauseScope = Schemas['PauseScope'];

const OUTDATES = [['monitoring'], ['gateway'], ['live']];

/** What one word says of it: what a person or an emergency ordered, else what it does. */
export const stateOf = ({ status, state }: Pick<Sender, 'status' | 'state'>): string =>
  status === 'active' ? state : status;

export function useSenderActions() {
  const t = useWords();
  const write = useWrite<Sender>('senders', { outdates: OUTDATES });
  return {
    write,
    pause: ({ id }: Sender, scope: PauseScope) =>
      write.update({
        ids: [id],
        patch: (sender) => ({ ...sender, status: 'paused', state: 'paused', pause_scope: scope }),
        request: (idempotencyKey) =>
          call(
            'post',
            '/api/senders/{sender_id}/pause',
            { path: { sender_id: id }, body: { scope } },
            { idempotencyKey },
          ),
        failed: t.notPaused,
      }),
    resume: ({ id }: Sender) =>
      write.update({
        ids: [id],
        patch: (sender) => ({ ...sender, status: 'active', pause_scope: null, status_reason: null }),
        request: (idempotencyKey) =>
          call('post', '/api/senders/{sender_id}/resume', { path: { sender_id: id } }, { idempotencyKey }),
        failed: t.notResumed,
      }),
    remove: ({ id }: Sender) =>
      write.remove({
        ids: [id],
        request: () => call('delete', '/api/senders/{sender_id}', { path: { sender_id: id } }),
        failed: t.notRemoved,
      }),
  };
}
