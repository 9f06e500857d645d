import { beforeEach, describe, expect, test } from 'vitest';
import { compact, duration, number, percent, plural, relative } from './format';
import { french } from './french';
import { language } from './language';

const NARROW = '\u202f';
const WIDE = '\u00a0';
const dictionaries = import.meta.glob<{ default: unknown }>(['./{fr,en}.ts', '../pages/*/{fr,en}.ts'], {
  eager: true,
});

/** Every word of a dictionary by its path; functions get numbers, which stand for anything. */
function wordsOf(words: unknown, path = ''): readonly (readonly [string, string])[] {
  if (typeof words === 'function') return wordsOf(words(2, 3, 4), path);
  if (typeof words !== 'object' || words === null) return [[path, String(words)]];
  return Object.entries(words).flatMap(([name, value]) => wordsOf(value, `${path}.${name}`));
}

describe('the dictionaries', () => {
  const rooms = Object.keys(dictionaries).filter((file) => file.endsWith('/en.ts'));

  test.each(rooms)('%s has a word in both languages for everything', (english) => {
    const [en, fr] = [english, english.replace('/en.ts', '/fr.ts')].map((file) =>
      wordsOf(dictionaries[file]?.default),
    );
    expect(fr?.map(([path]) => path)).toEqual(en?.map(([path]) => path));
    expect([...(en ?? []), ...(fr ?? [])].filter(([, word]) => word.trim() === '')).toEqual([]);
  });

  test.each(rooms.map((file) => file.replace('/en.ts', '/fr.ts')))('%s is set as French is', (file) => {
    for (const [path, word] of wordsOf(dictionaries[file]?.default)) {
      expect(word, path).not.toMatch(/ [;:!?»%]|« |'/);
    }
  });
});

describe('French spaces', () => {
  test('plain spaces become those that do not break', () => {
    const words = french({
      ask: 'Vraiment ?',
      say: (name: string) => `« ${name} » : oui !`,
      in: { side: 'Non ;' },
    });
    expect(words.ask).toBe(`Vraiment${NARROW}?`);
    expect(words.say('Ada')).toBe(`«${NARROW}Ada${NARROW}»${WIDE}: oui${NARROW}!`);
    expect(words.in.side).toBe(`Non${NARROW};`);
  });
});

describe.each(['fr', 'en'] as const)('in %s', (tongue) => {
  beforeEach(() => language.set(tongue));

  test('numbers are as Intl has them', () => {
    const tag = tongue === 'fr' ? 'fr-FR' : 'en-GB';
    expect(number(1234567)).toBe(new Intl.NumberFormat(tag).format(1234567));
    expect(percent(0.256)).toBe(new Intl.NumberFormat(tag, { style: 'percent' }).format(0.256));
    expect(compact(12_300)).toContain(tongue === 'fr' ? '12,3' : '12.3');
  });

  test('plurals follow the language: zero is one of the few in French', () => {
    const forms = { one: '# message', other: '# messages' };
    expect(plural(1, forms)).toBe('1 message');
    expect(plural(0, forms)).toBe(tongue === 'fr' ? '0 message' : '0 messages');
    expect(plural(5000, forms)).toBe(`${number(5000)} messages`);
  });

  test('a length of time has its two largest units', () => {
    const words = (seconds: number) => duration(seconds).replace(/[\u00a0\u202f]/g, ' ');
    const [h, min, s] = tongue === 'fr' ? ['h', 'min', 's'] : ['hrs', 'mins', 'secs'];
    expect(words(2 * 3600 + 5 * 60 + 7)).toBe(`2 ${h} 5 ${min}`);
    expect(words(0)).toBe(tongue === 'fr' ? '0 s' : '0 secs');
    expect(words(62)).toContain(tongue === 'fr' ? '2 s' : `2 ${s}`);
    expect(words(3600)).toBe(tongue === 'fr' ? '1 h' : '1 hr');
  });

  test('what was a moment ago is said so', () => {
    const now = Date.parse('2026-11-21T12:00:00Z');
    expect(relative('2026-11-21T11:57:00Z', now)).toBe(tongue === 'fr' ? 'il y a 3 minutes' : '3 minutes ago');
    expect(relative('2026-11-20T11:00:00Z', now)).toBe(tongue === 'fr' ? 'hier' : 'yesterday');
  });
});
