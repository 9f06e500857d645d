import { describe, expect, test } from 'vitest';
import { exportUrl, filtersOf, isBySending, queryOf } from './filters';

describe('the order', () => {
  test.each([
    ['', true],
    ['?status=read', true],
    ['?status=failed', false],
    ['?status=all', false],
    ['?q=camille', false],
    ['?q=ca', true],
  ])('%s', (search, bySending) => {
    expect(isBySending(filtersOf(search))).toBe(bySending);
  });
});

test('days are whole, and end at the midnight after them', () => {
  const query = queryOf(filtersOf('?from=2026-11-20&to=2026-11-20'));
  expect(Date.parse(query.to ?? '') - Date.parse(query.from ?? '')).toBe(86_400_000);
  expect(queryOf(filtersOf('?from=2026-11-')).from).toBeUndefined();
});

test('the file has what the list has', () => {
  expect(exportUrl(filtersOf('?q=camille&type=message_2'))).toBe(
    '/api/messages/export.csv?bom=true&message_type=message_2&q=camille',
  );
  expect(exportUrl(filtersOf('?status=read'))).toContain('since=1970');
  expect(exportUrl(filtersOf('?status=failed&from=2026-11-20'))).toBeNull();
});
