// What to tell a person about an error: what happened, in their language, and what the API adds to it.

import { duration } from '../i18n/format';
import { phoneProblem } from '../i18n/phone-problem';
import { commonWords } from '../i18n/words';
import { ApiProblem } from './problem';

export function failure(error: unknown): string {
  const t = commonWords().failures;
  if (!(error instanceof ApiProblem)) return t.unexpected;
  if (error.kind === 'network') return t.network;
  if (error.kind === 'timeout') return t.timeout;
  const known = commonWords().problems[error.title];
  if (known) return known;
  if (error.status === 429) return t.tooMany(duration(Number(error.more['retry_after_s'] ?? 60)));
  if (error.status === 503) return t.unavailable;
  if (error.status >= 500) return t.server;
  if (error.status === 404) return t.gone;
  if (error.title === 'Invalid phone number') return phoneProblem(error.detail.replace(/^phone: /, ''));
  // The API's own words are English, exact, and better than none.
  return error.detail || error.title;
}
