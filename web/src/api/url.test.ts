import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyOf, urlOf } from './url';

describe('addresses and their keys', () => {
  test('parts of the path are filled in, and nothing in them can leave their place', () => {
    expect(urlOf('/api/campaigns/{campaign_id}/contacts', { path: { campaign_id: 'a/b?c' } })).toBe(
      '/api/campaigns/a%2Fb%3Fc/contacts',
    );
  });

  test('what is not set is left out, lists are repeated', () => {
    const query = {
      q: '',
      limit: 200,
      status: ['running', 'paused'],
      cursor: null,
      order: undefined,
      opted_out: false,
    };
    expect(urlOf('/api/campaigns', { query })).toBe(
      '/api/campaigns?limit=200&opted_out=false&status=running&status=paused',
    );
  });

  test('one query has one key, in whichever order it was written', () => {
    const part = fc.record({
      q: fc.string({ minLength: 1 }),
      limit: fc.nat(),
      order: fc.string({ minLength: 1 }),
    });
    fc.assert(
      fc.property(part, (query) => {
        const turned = Object.fromEntries(Object.entries(query).reverse());
        expect(keyOf(urlOf('/api/contacts', { query: turned }))).toEqual(
          keyOf(urlOf('/api/contacts', { query })),
        );
      }),
    );
  });

  test('a key begins with the keys of all that it lies below', () => {
    expect(keyOf('/api/campaigns/7/contacts?limit=5')).toEqual(['campaigns', '7', 'contacts', '?limit=5']);
    expect(keyOf('/api/live')).toEqual(['live']);
  });
});
