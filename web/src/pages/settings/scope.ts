// For what a value counts: everything, one sender or one campaign. It stands in the address as `sender:ID`.

import type { Schemas } from '../../api/types';

export type ScopeName = Schemas['SettingScope'];

export interface Scope {
  readonly name: ScopeName;
  readonly place: { readonly sender_id?: string; readonly campaign_id?: string };
}

export function scopeOf(parameter: string): Scope {
  const [kind, id] = parameter.split(':');
  if (id && kind === 'sender') return { name: 'sender', place: { sender_id: id } };
  if (id && kind === 'campaign') return { name: 'campaign', place: { campaign_id: id } };
  return { name: 'global', place: {} };
}

/** The source of a value that was set for exactly this scope, and can be reset here. */
export const SOURCE_OF: Readonly<Record<ScopeName, string>> = {
  global: 'stored',
  sender: 'sender',
  campaign: 'campaign',
};
