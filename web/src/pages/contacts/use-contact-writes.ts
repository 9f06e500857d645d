// What is done to single contacts and to chosen ones, seen at once; each fails alone.

import { useQueryClient } from '@tanstack/react-query';
import { call } from '../../api/client';
import { reworded } from '../../api/reworded';
import { useWrite } from '../../optimistic/use-optimistic';
import { toast } from '../../ui/toast';
import { type Bulk, bulk } from './bulk';
import {
  arriving,
  type Contact,
  type ContactValues,
  changesOf,
  type FullContact,
  listed,
  variablesOf,
} from './contact';
import { useWords } from './words';

export const OUTDATES = [['categories'], ['statistics'], ['opt-outs']];

export type Correct = (contact: FullContact | null, values: ContactValues, problem: unknown) => void;

export function useContactWrites(correct: Correct) {
  const t = useWords();
  const write = useWrite<Contact>('contacts', { outdates: OUTDATES });
  const client = useQueryClient();
  const wordings = { 'Contact exists': t.phoneTaken, 'Contact is in a campaign': t.inCampaign };

  return {
    add: (values: ContactValues) =>
      write.create({
        item: arriving(values),
        request: (idempotencyKey) => reworded(wordings, added(values, idempotencyKey)),
        itemOf: listed,
        failed: t.notAdded(values.name || values.phone),
        correct: (problem) => correct(null, values, problem),
      }),

    change: (contact: FullContact, values: ContactValues) => {
      const body = changesOf(contact, values);
      const { phone: _, ...seen } = body;
      return write.update({
        ids: [contact.id],
        // The number is shown as the API writes it, once it has answered.
        patch: (each) => ({ ...each, ...(seen as Partial<Contact>) }),
        request: () =>
          reworded(
            wordings,
            call('patch', '/api/contacts/{contact_id}', { path: { contact_id: contact.id }, body }),
          ),
        itemOf: listed,
        failed: t.notChanged(contact.name ?? contact.phone),
        correct: (problem) => correct(contact, values, problem),
      });
    },

    remove: (contact: Pick<Contact, 'id' | 'name' | 'phone'>) =>
      write.remove({
        ids: [contact.id],
        request: () =>
          reworded(
            wordings,
            call('delete', '/api/contacts/{contact_id}', { path: { contact_id: contact.id } }),
          ),
        failed: t.notRemoved(contact.name ?? contact.phone),
      }),

    /** Those of these ids. */
    many: async (ids: readonly string[], action: Bulk) => {
      const failed = t.bulkFailed(ids.length);
      const request = (key: string) => bulk({ ids }, action, key);
      if (action.action !== 'delete') return write.update({ ids, patch: patchOf(action), request, failed });
      const answer = await write.remove({ ids, request, failed });
      if (!answer?.refused) return answer;
      toast({ tone: 'warn', text: t.refused(answer.refused), detail: t.refusedExplained });
      // They are still there: a long list is not asked for again by itself.
      await client.resetQueries({ queryKey: ['contacts'] });
      return answer;
    },
  };
}

const added = (values: ContactValues, idempotencyKey: string) =>
  call(
    'post',
    '/api/contacts',
    {
      body: {
        phone: values.phone.trim(),
        name: values.name.trim() || null,
        variables: variablesOf(values),
        category_ids: values.categoryIds,
      },
    },
    { idempotencyKey },
  );

function patchOf(action: Bulk): (contact: Contact) => Contact {
  if (action.action === 'opt_out')
    return (contact) => ({ ...contact, opted_out: true, opted_out_at: new Date().toISOString() });
  const { category_id: id } = action;
  return (contact) => {
    const others = contact.category_ids.filter((each) => each !== id);
    return { ...contact, category_ids: action.action === 'add_to_category' && id ? [...others, id] : others };
  };
}
