import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Change, type Layer, laidOver } from './changes';

interface Row {
  readonly id: string;
  readonly name: string;
}

const row: fc.Arbitrary<Row> = fc.record({ id: fc.uuid(), name: fc.string() });
const rows = fc.uniqueArray(row, { selector: ({ id }) => id, maxLength: 30 });
const pending = (change: Change): Layer => ({ change, pending: true });

test('004 front end: over any list, a creation adds one, a deletion takes its own, and all else is untouched', () => {
  fc.assert(
    fc.property(rows, row, fc.infiniteStream(fc.boolean()), (before, item, choice) => {
      const given = before.filter(({ id }) => id !== item.id);
      const ids = new Set(given.filter(() => choice.next().value).map(({ id }) => id));
      const after = laidOver(given, [pending({ kind: 'create', item }), pending({ kind: 'delete', ids })]);
      expect(after).toHaveLength(given.length + 1 - ids.size);
      expect(after[0]).toEqual(item);
      const kept = given.filter(({ id }) => !ids.has(id));
      // The very same objects, in their order: rows that nobody touched are not rendered again.
      for (const [at, each] of kept.entries()) expect(after[at + 1]).toBe(each);
      expect(laidOver(given, [])).toEqual(given);
    }),
  );
});
