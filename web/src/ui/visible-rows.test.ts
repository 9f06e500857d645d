import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rangeOf } from './visible-rows';

test('whatever is seen is there, and not much more', () => {
  const height = fc.integer({ min: 100, max: 2000 });
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 5_000_000 }),
      height,
      fc.integer({ min: 0, max: 100_000 }),
      (top, px, count) => {
        const { first, end } = rangeOf(top, px, 44, count);
        const seen = { first: Math.floor(top / 44), end: Math.ceil((top + px) / 44) };
        for (const row of [seen.first, seen.end - 1])
          if (row < count) expect(first <= row && row < end).toBe(true);
        expect(end).toBeLessThanOrEqual(count);
        expect(end - first).toBeLessThanOrEqual(seen.end - seen.first + 40);
      },
    ),
  );
});
