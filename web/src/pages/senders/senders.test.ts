import { beforeEach, describe, expect, test } from 'vitest';
import { ApiProblem } from '../../api/problem';
import { language } from '../../i18n/language';
import { asSentence, inWords } from '../../senders/reasons';
import { changeOf, emptyDraft, newSenderOf, problemsOf, refusalOf, shownAtOnce } from './draft';
import en from './en';
import fr from './fr';
import { type Health, healthOf } from './health';

const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

describe('why a sender does what it does', () => {
  const REASONS = [
    ['careful profile, a message every 22.5 s', 'un message toutes les 22,5 s'],
    ['fixed profile, a message every 0.25 s', '4 messages par seconde'],
    [
      'standard profile, a message every 7.5 s, 1.5 times as long as usual because of errors',
      'allongé de 50 %',
    ],
    ['180 of 200 messages sent in 24 hours, room for 20 replies is kept', '180 messages sur 200'],
    ['5 messages failed within ten minutes', 'dix minutes'],
    ['the WhatsApp session is authorize', 'code QR'],
    ['night', 'la nuit'],
    ['Wassenger answered 402: pay', 'empêche d’envoyer (402) : pay'],
    ['Meta answered 131031: locked', 'empêche d’envoyer (131031) : locked'],
  ] as const;

  test.each(REASONS)('%s', (reason, words) => {
    language.set('fr');
    expect(plain(inWords(fr, reason))).toContain(words);
  });

  test('a fixed pace does not heed errors, whatever its reason adds', () => {
    language.set('en');
    const words = inWords(
      en,
      'fixed profile, a message every 0.333 s, 1.5 times as long as usual because of errors',
    );
    expect(words).toBe('Fixed pace: 3 messages per second.');
  });

  test('what nobody here knows stays as it is, and ends as a sentence', () => {
    expect(inWords(en, 'a reason of tomorrow')).toBe('a reason of tomorrow');
    expect(asSentence(en, 'a reason of tomorrow')).toBe('a reason of tomorrow.');
  });
});

describe('the health of an account', () => {
  const READY: Health = {
    checked_at: '',
    reachable: true,
    usable: true,
    scan_needed: false,
    status: 'operative',
    session: 'online',
    phone: '+33639980001',
    detail: '',
  };

  test.each([
    [{}, 'ready'],
    [{ phone: '33639980001' }, 'ready'],
    [{ phone: '+33639980002' }, 'otherNumber'],
    [{ usable: false, scan_needed: true, session: 'authorize' }, 'scan'],
    [{ usable: false, session: 'conflict' }, 'elsewhere'],
    [{ usable: false, status: 'unpaid' }, 'device'],
    [{ usable: false, session: 'timeout', phone: null }, 'offline'],
    [{ reachable: false, usable: false, phone: null }, 'away'],
  ] as const)('%o is %s', (changes, kind) => {
    expect(healthOf({ ...READY, ...changes }, '+33639980001')).toBe(kind);
  });
});

describe('a new sender', () => {
  const typed = {
    ...emptyDraft(true),
    device: ` ${'a1'.repeat(12)}`,
    phone: '+33 6 39 98 00 01',
    name: ' Desk ',
  };

  beforeEach(() => language.set('en'));

  test('is made of what was typed', () => {
    expect(problemsOf(typed, en, [])).toEqual({});
    expect(newSenderOf(typed)).toEqual({
      provider: 'wassenger',
      device_id: 'a1'.repeat(12),
      phone: '+33639980001',
      name: 'Desk',
      maturity: null,
      message_1_rate_per_s: 2,
    });
    expect(changeOf({ ...typed, pace: 'auto', since: '2024-05-31' })).toEqual({
      name: 'Desk',
      maturity: null,
      message_1_rate_per_s: null,
      account_since: '2024-05-31',
    });
  });

  test('of Meta has a number id and a template', () => {
    const number = { ...typed, provider: 'meta' as const, device: '106540352242922' };
    expect(Object.keys(problemsOf(number, en, [])).toSorted()).toEqual(['language', 'template']);
    const ready = { ...number, template: 'spring_news', language: 'en_US' };
    expect(problemsOf(ready, en, [])).toEqual({});
    expect(newSenderOf(ready)).toMatchObject({
      provider: 'meta',
      device_id: '106540352242922',
      template_name: 'spring_news',
      template_language: 'en_US',
    });
    expect(problemsOf({ ...ready, device: 'a1'.repeat(12) }, en, []).device).toBe(en.numberIdWrong);
  });

  test('is told what is missing, field by field', () => {
    const wrong = { ...emptyDraft(true), phone: '06 39 98 00 01', rate: '0' };
    expect(Object.keys(problemsOf(wrong, en, [])).sort()).toEqual(['device', 'name', 'phone', 'rate']);
    expect(problemsOf(typed, en, [shownAtOnce(typed)]).device).toContain('Desk');
    expect(problemsOf({ ...typed, rate: '1,5' }, en, [])).toEqual({});
  });

  test('hears what the API has against it in its own field', () => {
    const fields = [{ field: 'phone', reason: 'no such country' }];
    expect(refusalOf(new ApiProblem('answer', 422, '', '', fields))).toEqual({ phone: 'no such country' });
    expect(refusalOf(new Error('else'))).toEqual({});
  });
});
