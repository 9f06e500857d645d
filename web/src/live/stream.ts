// The one stream of events of this tab. Browsers allow six connections to a server, for all tabs together, so a tab that
// nobody looks at gives its own back. Where no stream comes through, the same is asked for every few seconds.

import type { QueryClient } from '@tanstack/react-query';
import { send } from '../api/client';
import { invalidate } from '../api/long-lists';
import { changed, EVENT_NAMES, LIVE_KEY, type Live, type LiveEvent, outdated, patchLists } from './apply';
import { connection } from './connection';

const SAY_AFTER_MS = 1500;
const POLL_AFTER_MS = 5000;
const POLL_EVERY_MS = 5000;
const REOPEN_AFTER_MS = [1000, 2000, 5000, 10_000];
const HIDDEN_FOR_MS = 30_000;
const REFRESH_AFTER_MS = 2000;

export class LiveStream {
  readonly #client: QueryClient;
  #source: EventSource | null = null;
  #failures = 0;
  #brokenAt: number | null = null;
  #running = false;
  readonly #timers = new Map<string, number>();
  readonly #outdated = new Map<string, readonly string[]>();

  constructor(client: QueryClient) {
    this.#client = client;
  }

  start(): void {
    if (this.#running) return;
    this.#running = true;
    document.addEventListener('visibilitychange', this.#onVisibility);
    window.addEventListener('online', this.#reopen);
    this.#open();
  }

  stop(): void {
    this.#running = false;
    document.removeEventListener('visibilitychange', this.#onVisibility);
    window.removeEventListener('online', this.#reopen);
    this.#close();
  }

  #open(): void {
    const source = new EventSource('/api/events');
    this.#source = source;
    for (const name of EVENT_NAMES) {
      source.addEventListener(name, ({ data }: MessageEvent<string>) => {
        this.#take({ name, data: JSON.parse(data) } as LiveEvent);
      });
    }
    source.onopen = () => this.#works();
    source.onerror = () => this.#broke(source);
  }

  #close(): void {
    this.#source?.close();
    this.#source = null;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  readonly #reopen = (): void => {
    this.#close();
    if (this.#running) this.#open();
  };

  #works(): void {
    this.#failures = 0;
    this.#brokenAt = null;
    for (const name of ['say', 'poll', 'reopen']) this.#cancel(name);
    connection.set('live');
  }

  /** A browser comes back by itself after a break; after an answer that is no stream it gives up, and we do not. */
  #broke(source: EventSource): void {
    this.#brokenAt ??= Date.now();
    this.#once('say', SAY_AFTER_MS, () => connection.set('reconnecting'));
    this.#once('poll', POLL_AFTER_MS, () => void this.#poll());
    if (source.readyState !== EventSource.CLOSED) return;
    const wait = REOPEN_AFTER_MS[Math.min(this.#failures++, REOPEN_AFTER_MS.length - 1)];
    this.#once('reopen', wait ?? 0, () => {
      this.#timers.delete('reopen');
      this.#source?.close();
      if (this.#running) this.#open();
    });
  }

  /** It also finds out whether the session has ended, which a stream cannot say. */
  async #poll(): Promise<void> {
    this.#timers.delete('poll');
    try {
      const data = (await send('get', '/api/live')) as Live;
      if (this.#brokenAt === null || !this.#running) return;
      this.#take({ name: 'reset', data });
      connection.set('polling');
    } catch {
      if (this.#brokenAt !== null) connection.set('reconnecting');
    }
    if (this.#brokenAt !== null && this.#running) this.#once('poll', POLL_EVERY_MS, () => void this.#poll());
  }

  #take(event: LiveEvent): void {
    const before = this.#client.getQueryData<Live>(LIVE_KEY);
    this.#client.setQueryData<Live>(LIVE_KEY, changed(before, event));
    if (event.name === 'campaign') patchLists(this.#client, event.data);
    for (const key of outdated(event, before)) this.#outdated.set(key.join('/'), key);
    // Many events come at once; what they make outdated is asked for once.
    this.#once('refresh', REFRESH_AFTER_MS, () => this.#refresh());
  }

  #refresh(): void {
    this.#timers.delete('refresh');
    for (const queryKey of this.#outdated.values()) void invalidate(this.#client, queryKey);
    this.#outdated.clear();
  }

  readonly #onVisibility = (): void => {
    if (document.hidden) {
      this.#once('hide', HIDDEN_FOR_MS, () => this.#close());
      return;
    }
    this.#cancel('hide');
    if (!this.#source) this.#open();
  };

  #once(name: string, afterMs: number, act: () => void): void {
    if (!this.#timers.has(name)) this.#timers.set(name, window.setTimeout(act, afterMs));
  }

  #cancel(name: string): void {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}
