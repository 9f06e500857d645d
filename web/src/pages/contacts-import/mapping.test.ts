import { describe, expect, test } from 'vitest';
import type { Choices, Meaning, Preview } from './draft';
import { mapped, mappingOf, wrongWith } from './mapping';

const preview = (columns: Record<string, Meaning>, has_header = true): Preview => ({
  encoding: 'utf-8',
  delimiter: ';',
  country: 'FR',
  has_header,
  columns: Object.entries(columns).map(([title, meaning]) => ({ title, meaning })),
  rows: [],
});
const choices = (meanings: Choices['meanings']): Choices => ({
  meanings,
  country: '',
  duplicates: 'update',
  category: '',
});

describe('what columns mean', () => {
  const file = preview({ Nom: 'name', Joignable: 'variable', constructor: 'variable' as const });

  test('is what was guessed, but for what a person says', () => {
    const columns = mapped(file, choices({ Joignable: 'phone' }));
    expect(columns.map(({ meaning }) => meaning)).toEqual(['name', 'phone', 'variable']);
  });

  test('is told only where it differs from the guess', () => {
    expect(mappingOf(file, choices({}))).toBeUndefined();
    expect(mappingOf(file, choices({ Nom: 'name' }))).toBeUndefined();
    expect(mappingOf(preview({ phone: 'phone' }, false), choices({ phone: 'name' }))).toBeUndefined();
    const said = JSON.parse(mappingOf(file, choices({ Joignable: 'phone' })) ?? '');
    expect(said).toEqual({ Nom: 'name', Joignable: 'phone' });
  });

  test('needs one column with numbers, and each other part of a contact once', () => {
    expect(wrongWith(mapped(file, choices({})))).toEqual({ why: 'noPhone' });
    expect(wrongWith(mapped(file, choices({ Nom: 'phone', Joignable: 'phone' })))).toEqual({
      why: 'twice',
      meaning: 'phone',
    });
    expect(wrongWith(mapped(file, choices({ Joignable: 'phone' })))).toBeNull();
  });
});
