// A contact as lists and as forms have it.

import type { Schemas } from '../../api/types';

export type Contact = Schemas['ContactListItem'];
export type FullContact = Schemas['ContactOut'];
export type ContactChange = Schemas['ContactChange'];

export interface Variable {
  /** Tells the rows of a form apart. */
  readonly key: string;
  readonly name: string;
  readonly value: string;
}

/** What a form holds. */
export interface ContactValues {
  readonly phone: string;
  readonly name: string;
  readonly variables: readonly Variable[];
  readonly categoryIds: readonly string[];
}

export const NO_VALUES: ContactValues = { phone: '', name: '', variables: [], categoryIds: [] };

export const newVariable = (name = '', value = ''): Variable => ({ key: crypto.randomUUID(), name, value });

export const valuesOf = (contact: FullContact): ContactValues => ({
  phone: contact.phone,
  name: contact.name ?? '',
  variables: Object.entries(contact.variables).map(([name, value]) => newVariable(name, value)),
  categoryIds: contact.category_ids,
});

export const variablesOf = ({ variables }: ContactValues): Record<string, string> =>
  Object.fromEntries(
    variables
      .filter(({ name, value }) => name.trim() || value.trim())
      .map(({ name, value }) => [name.trim(), value.trim()]),
  );

export type Wrong = 'noPhone' | 'noVariableName' | 'sameVariable';

/** What keeps the values from being sent; whether a number is one, the API knows. */
export function wrongWith(values: ContactValues): Wrong | null {
  const used = values.variables.filter(({ name, value }) => name.trim() || value.trim());
  const names = used.map(({ name }) => name.trim());
  if (!values.phone.trim()) return 'noPhone';
  if (names.some((name) => !name)) return 'noVariableName';
  if (new Set(names).size < names.length) return 'sameVariable';
  return null;
}

/** What differs: whoever changes the name does not undo what another changed meanwhile. */
export function changesOf(contact: FullContact, values: ContactValues): ContactChange {
  const variables = variablesOf(values);
  const before = JSON.stringify(Object.entries(contact.variables).sort());
  return {
    ...(values.phone.trim() !== contact.phone && { phone: values.phone.trim() }),
    ...(values.name.trim() !== (contact.name ?? '') && { name: values.name.trim() }),
    ...(JSON.stringify(Object.entries(variables).sort()) !== before && { variables }),
    ...([...values.categoryIds].sort().join() !== [...contact.category_ids].sort().join() && {
      category_ids: values.categoryIds,
    }),
  };
}

/** As the list will show a contact that is being made. */
export const arriving = (values: ContactValues): Contact => ({
  id: `${ARRIVING}${crypto.randomUUID()}`,
  phone: values.phone.trim(),
  name: values.name.trim() || null,
  whatsapp: 'unknown',
  opted_out: false,
  category_ids: values.categoryIds,
  created_at: new Date().toISOString(),
});

const ARRIVING = 'new-';

/** Whether the server has still to say who it is. */
export const isArriving = ({ id }: { readonly id: string }): boolean => id.startsWith(ARRIVING);

export const listed = (contact: FullContact): Contact => ({
  ...contact,
  opted_out: contact.opted_out_at !== null,
});
