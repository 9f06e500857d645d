import fc from 'fast-check';
import { expect, test } from 'vitest';
import { every, ticks } from './chart-scale';

test('the scale is round, starts at nothing and has room for all', () => {
  expect(ticks(87)).toEqual([0, 50, 100]);
  expect(ticks(0)).toEqual([0, 1]);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000_000 }), (max) => {
      const scale = ticks(max);
      expect(scale[0]).toBe(0);
      expect(scale.at(-1)).toBeGreaterThanOrEqual(max);
      expect(scale.length).toBeLessThanOrEqual(6);
      expect(scale.every(Number.isInteger)).toBe(true);
    }),
  );
});

test('as many labels as fit, and always the last', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 60, max: 2000 }), (count, width) => {
      const shown = Array.from({ length: count }, (_, index) => index).filter(every(count, width, 52));
      expect(shown.at(-1)).toBe(count - 1);
      expect((shown.length - 1) * 52).toBeLessThanOrEqual(width);
    }),
  );
});
