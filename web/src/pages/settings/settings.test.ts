import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { LANGUAGES, language } from '../../i18n/language';
import { type Entry, latestChanges } from './audit';
import en from './en';
import fr from './fr';
import { changesOf } from './log-words';
import { scopeOf } from './scope';
import { fromText, inOrder, inWords, limitsOf, type Setting, toText } from './setting';

const WORDS = { en, fr };
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

const DELAY: Setting = {
  name: 'delay_s',
  value: 5,
  source: 'default',
  default: 5,
  unit: 'seconds',
  help: '',
  lowest: 2,
  above: null,
  highest: 10,
  choices: null,
  pattern: null,
  scopes: ['global'],
  takes_effect: 'at once',
};
const WINDOW: Setting = { ...DELAY, name: 'window_s', default: 86_400, lowest: null, above: 0, highest: null };
const SHARE: Setting = { ...DELAY, name: 'jitter', unit: 'share', default: 0.4, lowest: 0, highest: 0.9 };
const QUOTA: Setting = {
  ...DELAY,
  name: 'quota_per_day',
  unit: 'messages in 24 hours',
  lowest: 1,
  highest: null,
};
const NIGHT: Setting = {
  ...DELAY,
  name: 'night_starts',
  value: '23:00',
  pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
};
const ZONE: Setting = { ...DELAY, name: 'timezone', value: 'Europe/Paris' };

beforeEach(() => language.set('en'));

describe('a value', () => {
  test.each(LANGUAGES)('stays what it is when it is typed again (%s)', (tongue) => {
    language.set(tongue);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9000 }), (share) => {
        const value = share / 10_000;
        expect(fromText(WORDS[tongue], SHARE, toText(SHARE, value))).toEqual({ value });
      }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10_000_000 }), (value) => {
        const typed = fromText(WORDS[tongue], WINDOW, toText(WINDOW, value));
        expect('value' in typed && Math.abs(Number(typed.value) - value) < 1e-3).toBe(true);
      }),
    );
  });

  test('is typed in the unit in which people think', () => {
    expect(toText(WINDOW, 43_200)).toBe('12');
    expect(fromText(en, WINDOW, '12,5')).toEqual({ value: 45_000 });
    expect(fromText(en, SHARE, ' 55 ')).toEqual({ value: 0.55 });
    language.set('fr');
    expect(toText(DELAY, 7.5)).toBe('7,5');
  });

  test.each([
    [DELAY, 'soon', en.notANumber],
    [DELAY, '', en.notANumber],
    [DELAY, '1.5', 'At least 2s.'],
    [DELAY, '11', 'At most 10s.'],
    [WINDOW, '0', 'It has to be above 0s.'],
    [QUOTA, '10.5', en.notWhole],
    [NIGHT, '25:00', en.notATime],
    [ZONE, 'Paris', en.notAZone],
    [ZONE, '', en.notAZone],
  ])('of $name is refused with a reason: %s', (setting, text, problem) => {
    expect(fromText(en, setting, text)).toEqual({ problem });
  });

  test('is said with its unit, and so are its limits', () => {
    language.set('fr');
    expect(plain(inWords(fr, DELAY, 22.5))).toBe('22,5 s');
    expect(plain(inWords(fr, SHARE, 0.4))).toBe('40 %');
    expect(plain(inWords(fr, QUOTA, 1000))).toBe('1 000 messages');
    expect(plain(limitsOf(fr, DELAY))).toBe('De 2 s à 10 s.');
    expect(plain(limitsOf(fr, WINDOW))).toBe('Plus de 0 s.');
    expect(limitsOf(fr, NIGHT)).not.toContain('undefined');
  });
});

test('settings stand as people think of them, unknown ones last', () => {
  const unknown = { ...DELAY, name: 'from_a_newer_version' };
  expect(inOrder([unknown, WINDOW, SHARE, DELAY]).map(({ name }) => name)).toEqual([
    'delay_s',
    'jitter',
    'window_s',
    'from_a_newer_version',
  ]);
});

test('an address names one sender, one campaign, or everything', () => {
  expect(scopeOf('sender:1')).toEqual({ name: 'sender', place: { sender_id: '1' } });
  expect(scopeOf('campaign:2')).toEqual({ name: 'campaign', place: { campaign_id: '2' } });
  for (const other of ['', 'sender:', 'else:3']) expect(scopeOf(other).name).toBe('global');
});

describe('the log', () => {
  const entry = (changes: Partial<Entry>): Entry => ({
    id: '1',
    at: '2026-11-21T12:00:00Z',
    actor: 'Ada',
    action: 'setting.set',
    subject_type: 'setting',
    subject_id: 'delay_s',
    before: null,
    after: null,
    ...changes,
  });

  test('says what changed as it is said elsewhere, without ids', () => {
    expect(changesOf(en, entry({ before: { delay_s: 5 }, after: { delay_s: 7.5 } }), [DELAY])).toEqual([
      'Standard pause: 5s → 7.5s',
    ]);
    expect(changesOf(en, entry({ before: { delay_s: 5 } }), [DELAY])).toEqual([
      'Standard pause: 5s → the wider value',
    ]);
    const key = { name: 'CRM', scopes: ['read', 'write'], owner_id: 'x', expires_at: null };
    expect(changesOf(en, entry({ after: key }), [])).toEqual(['name: CRM', 'may: read, change']);
  });

  test('tells who changed a setting last', () => {
    const latest = latestChanges([
      entry({ actor: 'Grace', before: { delay_s: 5 }, after: { delay_s: 6 } }),
      entry({ actor: 'Ada', after: { delay_s: 5 } }),
      entry({ actor: 'Ada', action: 'sender.changed', after: { name: 'x' } }),
    ]);
    expect([...latest.keys()]).toEqual(['delay_s']);
    expect(latest.get('delay_s')?.actor).toBe('Grace');
  });
});
