import { expect, test } from 'vitest';
import { ApiProblem, problemOf } from './problem';

test('a problem document becomes an error that knows its fields', () => {
  const problem = problemOf(422, {
    type: 'about:blank',
    title: 'Invalid request',
    detail: 'body.phone: no phone number',
    errors: [{ field: 'body.phone', reason: 'no phone number' }, 'nonsense'],
  });
  expect(problem.of('phone')).toBe('no phone number');
  expect(problem.message).toBe('body.phone: no phone number');
  expect(problem.isPassing).toBe(false);
});

test('what else it says is kept', () => {
  expect(problemOf(429, { title: 'Too many attempts', retry_after_s: 30 }).more['retry_after_s']).toBe(30);
});

test.each([undefined, null, 'a proxy says <html>', 7])(
  'an answer that is no document is a problem too: %s',
  (content) => {
    const problem = problemOf(502, content);
    expect([problem.title, problem.isPassing]).toEqual(['HTTP 502', true]);
  },
);

test('without an answer it may well work in a moment', () => {
  expect(new ApiProblem('network', 0, 'Network', '').isPassing).toBe(true);
});
