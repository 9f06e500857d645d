import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  changesOf,
  type FullContact,
  NO_VALUES,
  newVariable,
  valuesOf,
  variablesOf,
  wrongWith,
} from './contact';

const contact: FullContact = {
  id: 'a',
  phone: '+33639980001',
  name: 'Zoé',
  variables: { city: 'Lyon' },
  whatsapp: 'unknown',
  whatsapp_checked_at: null,
  opted_out_at: null,
  category_ids: ['x', 'y'],
  import_id: null,
  import_line: null,
  created_at: '',
  updated_at: '',
};

describe('what a form changes', () => {
  test('is nothing as long as nothing was typed, whatever the order', () => {
    expect(changesOf(contact, valuesOf(contact))).toEqual({});
    expect(changesOf(contact, { ...valuesOf(contact), categoryIds: ['y', 'x'] })).toEqual({});
  });

  test('is only what differs', () => {
    expect(changesOf(contact, { ...valuesOf(contact), name: '' })).toEqual({ name: '' });
    expect(changesOf(contact, { ...valuesOf(contact), variables: [] })).toEqual({ variables: {} });
    expect(changesOf(contact, { ...valuesOf(contact), categoryIds: [] })).toEqual({ category_ids: [] });
  });
});

describe('variables', () => {
  test('that are empty rows do not count', () => {
    const values = { ...NO_VALUES, phone: '1', variables: [newVariable(), newVariable(' city ', ' Lyon ')] };
    expect(variablesOf(values)).toEqual({ city: 'Lyon' });
    expect(wrongWith(values)).toBeNull();
  });

  test('need names, each its own', () => {
    const wrong = (...variables: ReturnType<typeof newVariable>[]) =>
      wrongWith({ ...NO_VALUES, phone: '1', variables });
    expect(wrong(newVariable('', 'Lyon'))).toBe('noVariableName');
    expect(wrong(newVariable('city', 'a'), newVariable('city ', 'b'))).toBe('sameVariable');
    expect(wrongWith(NO_VALUES)).toBe('noPhone');
  });

  test('come out of a form as they went in', () => {
    const word = fc
      .string({ minLength: 1 })
      .map((text) => text.trim())
      .filter((text) => text !== '' && text !== '__proto__');
    fc.assert(
      fc.property(fc.dictionary(word, word), (variables) => {
        expect(variablesOf(valuesOf({ ...contact, variables }))).toEqual({ ...variables });
      }),
    );
  });
});
