// Numbers that come to the opt-out list and leave it, seen at once.

import { call } from '../../api/client';
import type { Schemas } from '../../api/types';
import { useWrite } from '../../optimistic/use-optimistic';
import { useWords } from './words';

export type OptOut = Schemas['OptOutOut'];

export interface OptOutValues {
  readonly phone: string;
  readonly reason: string;
}

export function useOptOutWrites(correct: (values: OptOutValues, problem: unknown) => void) {
  const t = useWords();
  const write = useWrite<OptOut>('opt-outs', { outdates: [['contacts'], ['statistics']] });
  return {
    suppress: (values: OptOutValues) => {
      const phone = values.phone.trim();
      const reason = values.reason.trim() || null;
      const now = new Date().toISOString();
      return write.create({
        item: {
          id: crypto.randomUUID(),
          phone,
          reason,
          opted_out_at: now,
          contact_id: null,
          created_at: now,
          erased_at: null,
        },
        request: (idempotencyKey) =>
          call('post', '/api/opt-outs', { body: { phone, reason } }, { idempotencyKey }),
        itemOf: (answer) => answer,
        failed: t.notSuppressed(phone),
        correct: (problem) => correct(values, problem),
      });
    },
    allow: ({ id, phone }: OptOut, reason: string) =>
      write.remove({
        ids: [id],
        request: () =>
          call('delete', '/api/opt-outs/{opt_out_id}', { path: { opt_out_id: id }, query: { reason } }),
        failed: t.notAllowed(phone ?? t.erased),
      }),
  };
}
