import { expect, test } from 'vitest';
import common from '../../i18n/en';
import t from './en';
import { entryDetail, entryTitle } from './timeline-words';

const entry = (kind: string, detail: string | null, message_type: string | null = null) => ({
  kind,
  detail,
  message_type,
});

test.each([
  [entry('message_sent', 'Hello: you', 'message_2'), 'Message 2 was sent', 'Hello: you'],
  [entry('interaction', 'text: yes: please'), 'Reaction: text', 'yes: please'],
  [entry('interaction', 'voice'), 'Reaction: voice message', ''],
  [entry('state', 'expired: max_age'), 'Now: Out of time', common.reasons.maxAge],
  [
    entry('message_failed', 'The number is not on WhatsApp', 'message_1'),
    'Message 1 failed',
    common.reasons.notOnWhatsApp,
  ],
])('%o', (given, title, detail) => {
  expect(entryTitle(t, given)).toBe(title);
  expect(entryDetail(common.reasons, given)).toBe(detail);
});
