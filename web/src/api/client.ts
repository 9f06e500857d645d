// The one way to the API: typed by its OpenAPI document, with a time limit, and with a pause for signing in again
// when the session has ended meanwhile.

import { ApiProblem, problemOf } from './problem';
import type { Answer, Input, Method, Path } from './types';
import { type Place, urlOf } from './url';

const READ_WITHIN_MS = 15_000;
const WRITE_WITHIN_MS = 30_000;

export interface Extras {
  readonly signal?: AbortSignal | undefined;
  /** Makes a POST that is sent again do nothing twice; by default each call has a key of its own. */
  readonly idempotencyKey?: string | undefined;
  /** What is sent as it is, such as a file, instead of a JSON body. */
  readonly raw?: Blob | string | undefined;
  readonly withinMs?: number | undefined;
}

/** Asked for when an answer says that the session has ended; resolves once somebody has signed in again. */
let renewSession: () => Promise<void> = () => Promise.reject(new Error('nobody can sign in here'));

export function onSessionEnd(renew: () => Promise<void>): void {
  renewSession = renew;
}

export async function call<M extends Method, P extends Path<M>>(
  method: M,
  path: P,
  input: Input<M, P>,
  extras: Extras = {},
): Promise<Answer<M, P>> {
  return (await send(
    method,
    urlOf(path, input as Place),
    (input as { body?: unknown }).body,
    extras,
  )) as Answer<M, P>;
}

/** As `call`, for an address that is known as a whole. */
export async function send(method: Method, url: string, body?: unknown, extras: Extras = {}): Promise<unknown> {
  const request = prepare(method, body, extras);
  let answer = await attempt(url, request, method, extras);
  if (answer.status === 401 && url !== '/api/auth/login') {
    await renewSession();
    answer = await attempt(url, request, method, extras);
  }
  return read(answer);
}

/** As `send`, but a session that has ended is an ApiProblem like any other. */
export async function sendOnce(
  method: Method,
  url: string,
  body?: unknown,
  extras: Extras = {},
): Promise<unknown> {
  return read(await attempt(url, prepare(method, body, extras), method, extras));
}

function prepare(method: Method, body: unknown, extras: Extras): RequestInit {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method === 'post') headers['Idempotency-Key'] = extras.idempotencyKey ?? crypto.randomUUID();
  const content = extras.raw ?? (body === undefined ? null : JSON.stringify(body));
  return { method: method.toUpperCase(), headers, body: content, credentials: 'same-origin' };
}

async function attempt(url: string, request: RequestInit, method: Method, extras: Extras): Promise<Response> {
  const limit = AbortSignal.timeout(extras.withinMs ?? (method === 'get' ? READ_WITHIN_MS : WRITE_WITHIN_MS));
  const signal = extras.signal ? AbortSignal.any([extras.signal, limit]) : limit;
  try {
    return await fetch(url, { ...request, signal });
  } catch (error) {
    if (extras.signal?.aborted) throw error;
    throw limit.aborted
      ? new ApiProblem('timeout', 0, 'Timeout', '')
      : new ApiProblem('network', 0, 'Network', '');
  }
}

async function read(answer: Response): Promise<unknown> {
  if (answer.status === 204) return undefined;
  const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
  const content: unknown = isJson ? await answer.json().catch(() => undefined) : await answer.text();
  if (!answer.ok) throw problemOf(answer.status, content);
  return content;
}
