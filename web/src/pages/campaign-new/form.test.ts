import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changedFields, emptyForm, type Form, gapsOf, rebased, restored, storable } from './form';
import { parts } from './marks';
import { lengthOf, templateFaults, variablesOf } from './template';
import { secondsOf, UNITS, type UnitName, unitFor } from './units';
import { startOf, tomorrow, typed } from './zone';

const text = fc.oneof(
  fc.string(),
  fc.constantFrom('', ' ', '{{name}}', '{{name|you}}', '{{', 'a}} b', '{{ }}'),
);
const form: fc.Arbitrary<Form> = fc
  .record({
    name: fc.string(),
    everyone: fc.boolean(),
    category_ids: fc.subarray(['a', 'b']),
    message_1: text,
    message_2: text,
    sender_ids: fc.subarray(['s', 't']),
    window_s: fc.option(fc.integer({ min: -1, max: 40 * 86_400 })),
    batch_size: fc.option(fc.integer({ min: 20, max: 110 })),
  })
  .map(emptyForm);

describe('what of a form can be stored', () => {
  test('is always right by itself, and together with the rest it is what was typed', () => {
    fc.assert(
      fc.property(form, form, (now, base) => {
        const change = storable(now, base);
        const wrong = new Set(gapsOf(now).map(({ field }) => field));
        for (const name of changedFields(now, base))
          expect(name in change).toBe(!wrong.has(name) && isWhole(name));
        function isWhole(name: string) {
          return name !== 'everyone' || !wrong.has('category_ids');
        }
        if ('everyone' in change) expect(change.everyone).toBe(change.category_ids?.length === 0);
      }),
    );
  });

  test('what was typed while it was under way stays', () => {
    fc.assert(
      fc.property(form, form, form, (now, sent, answer) => {
        const after = rebased(now, sent, {}, answer);
        for (const name of Object.keys(now) as (keyof Form)[])
          if (JSON.stringify(now[name]) !== JSON.stringify(sent[name])) expect(after[name]).toEqual(now[name]);
      }),
    );
  });

  test('what somebody else has changed meanwhile stays too, where nobody typed here', () => {
    const base = emptyForm({ name: 'a', message_1: 'old', everyone: true });
    const server = { ...base, name: 'b', message_2: 'theirs' };
    const kept = { base, form: { ...base, message_1: 'mine' } };
    expect(restored(server, kept)).toEqual({ ...server, message_1: 'mine' });
  });

  test('categories that were chosen before everyone wait to be chosen again', () => {
    const some = emptyForm({ name: 'a', category_ids: ['c'] });
    const all = { ...some, everyone: true };
    expect(storable(all, some)).toEqual({ everyone: true, category_ids: [] });
    const after = rebased(all, all, {}, { ...all, category_ids: [] });
    expect(after.category_ids).toEqual(['c']);
    expect(changedFields(after, { ...all, category_ids: [] })).toEqual([]);
  });
});

describe('templates', () => {
  test('are read as the API reads them', () => {
    expect(templateFaults(' ')).toEqual(['empty']);
    expect(templateFaults('Hello {{name')).toEqual(['notClosed']);
    expect(templateFaults('Hello {{ }}')).toEqual(['noVariable']);
    expect(templateFaults('x'.repeat(6001))).toEqual(['tooLong']);
    expect(templateFaults('Hello {{name|there}}, {{city}}')).toEqual([]);
    expect(variablesOf('{{ name }} {{city|}} {{name}}')).toEqual(['name', 'city']);
    expect(lengthOf('👋🏽!')).toBe(3);
  });

  test('marks change how a text looks, never what it says', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('*', '_', '~', 'a', ' ', '\n') }), (given) => {
        const shown = parts(given)
          .map(({ mark, text: part }) => `${mark ?? ''}${part}${mark ?? ''}`)
          .join('');
        expect(shown).toBe(given);
      }),
    );
    expect(parts('a *b c*, 2*3*4')).toEqual([
      { mark: null, text: 'a ' },
      { mark: '*', text: 'b c' },
      { mark: null, text: ', 2*3*4' },
    ]);
  });
});

describe('times', () => {
  test('a length of time in its unit is the same length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 90 * UNITS.day }), (seconds) => {
        const unit = unitFor(seconds);
        expect(secondsOf(seconds / UNITS[unit], unit)).toBe(seconds);
        expect(Number.isInteger(seconds / UNITS[unit])).toBe(true);
      }),
    );
    const units = [[86_400, 'hour'] as const, [3 * 86_400, 'day'] as const, [90, 'second'] as const];
    for (const [seconds, unit] of units) expect(unitFor(seconds)).toBe(unit satisfies UnitName);
  });

  test('a start is in the future, within a year', () => {
    const now = new Date(2026, 10, 21, 15, 30);
    expect(typed(tomorrow(now))).toBe('2026-11-22T09:00');
    expect(startOf('2026-11-22T09:00', now)).toEqual(new Date(2026, 10, 22, 9));
    for (const text of ['', '2026-11-21T15:00', '2028-01-01T09:00', 'soon'])
      expect(startOf(text, now)).toBeNull();
  });
});
