// From the contacts of a campaign to those who were followed up: each step with what it is a part of.

import type { Statistics } from './data';

export interface Step {
  readonly id: 'contacts' | 'sent' | 'delivered' | 'read' | 'reacted' | 'followedUp';
  readonly count: number;
  /** Of the step that it is a part of, from 0 to 1; `null` where there is nothing to take a part of. */
  readonly rate: number | null;
  /** Of all contacts, for the length of its bar. */
  readonly share: number;
}

type Counted = Pick<
  Statistics,
  | 'enrolled_contacts'
  | 'messages_1_sent'
  | 'messages_1_delivered'
  | 'messages_1_read'
  | 'contacts_replied'
  | 'messages_2_sent'
>;

const part = (count: number, of: number): number | null => (of > 0 ? Math.min(1, count / of) : null);

export function funnelOf(counted: Counted): readonly Step[] {
  const { enrolled_contacts: all, messages_1_sent: sent, contacts_replied: reacted } = counted;
  const step = (id: Step['id'], count: number, of: number): Step => ({
    id,
    count,
    rate: id === 'contacts' ? null : part(count, of),
    share: part(count, all) ?? 0,
  });
  return [
    step('contacts', all, all),
    step('sent', sent, all),
    step('delivered', counted.messages_1_delivered, sent),
    step('read', counted.messages_1_read, sent),
    step('reacted', reacted, sent),
    step('followedUp', counted.messages_2_sent, reacted),
  ];
}
