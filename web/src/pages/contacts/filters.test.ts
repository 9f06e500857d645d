import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { urlOf } from '../../api/url';
import { type Filters, filtersOf, isFiltered, onlyCategory, orderOf } from './filters';

const NONE: Filters = { q: null, category_id: null, whatsapp: null, opted_out: null };
const filters: fc.Arbitrary<Filters> = fc.record({
  q: fc.option(
    fc
      .string({ minLength: 1, maxLength: 100 })
      .map((text) => text.trim())
      .filter(Boolean),
  ),
  category_id: fc.option(fc.uuid()),
  whatsapp: fc.option(fc.constantFrom('yes' as const, 'no' as const, 'unknown' as const)),
  opted_out: fc.option(fc.boolean()),
});

describe('the filters in an address', () => {
  test('come back as they went in', () => {
    fc.assert(
      fc.property(filters, (given) => {
        const address = urlOf('/contacts', { query: { ...given } });
        expect(filtersOf(address.split('?')[1] ?? '')).toEqual(given);
      }),
    );
  });

  test('are left out where they make no sense', () => {
    expect(filtersOf('q=%20&category_id=x&whatsapp=maybe&opted_out=1')).toEqual(NONE);
    expect(orderOf('order=size')).toBe('created');
  });

  test('say whether all contacts of one category are meant', () => {
    expect(isFiltered(NONE)).toBe(false);
    expect(onlyCategory({ ...NONE, category_id: 'a' })).toBe('a');
    expect(onlyCategory({ ...NONE, category_id: 'a', opted_out: false })).toBeNull();
    expect(isFiltered({ ...NONE, opted_out: false })).toBe(true);
  });
});
