import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ApiProblem } from '../../api/problem';
import { emptyForm, type Form, restored } from './form';
import { DraftKeeper, IncompleteError, type Kept, type Ways } from './keeper';

const COMPLETE = emptyForm({
  name: 'Spring',
  everyone: true,
  message_1: 'Hello {{name}}',
  message_2: 'Thank you',
  sender_ids: ['s'],
});
const BEGUN = { ...COMPLETE, message_2: '' };
const LOST = new ApiProblem('network', 0, 'Network', '');

/** A server that creates each key once, fails when told to, and may fail after it has done its work. */
class Server {
  readonly drafts = new Map<string, Form>();
  readonly byKey = new Map<string, string>();
  kept: Kept | null = null;
  failing: 'no' | 'before' | 'after' = 'no';
  refusing = false;

  readonly ways: Ways = {
    create: async (form, key) => {
      this.#fail('before');
      const id = this.byKey.get(key) ?? `c${this.byKey.size}`;
      if (!this.byKey.has(key)) this.drafts.set(id, form);
      this.byKey.set(key, id);
      this.#fail('after');
      return { id, form: this.drafts.get(id) as Form };
    },
    change: async (id, change) => {
      this.#fail('before');
      const form = { ...(this.drafts.get(id) as Form), ...change };
      this.drafts.set(id, form);
      this.#fail('after');
      return { id, form };
    },
    keep: (_, kept) => {
      this.kept = kept;
    },
  };

  #fail(when: 'before' | 'after') {
    if (this.refusing) throw new ApiProblem('answer', 422, 'Invalid request', 'no');
    if (this.failing === when) throw LOST;
  }
}

const fresh = (server: Server, form = emptyForm({ name: 'Spring' })) =>
  new DraftKeeper({ id: null, form, base: form, posted: null }, server.ways);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('a draft that saves itself', () => {
  test('is on the server as soon as it can be, and not before', async () => {
    const server = new Server();
    const keeper = fresh(server);
    keeper.change({ message_1: 'Hello' });
    await vi.runAllTimersAsync();
    expect(server.drafts.size).toBe(0);
    expect(server.kept?.form.message_1).toBe('Hello');
    await expect(keeper.flush()).rejects.toBeInstanceOf(IncompleteError);
    keeper.change(COMPLETE);
    await vi.runAllTimersAsync();
    expect(server.drafts.get('c0')).toEqual(COMPLETE);
    expect(server.kept).toBeNull();
  });

  test('keeps what cannot be stored, and stores the rest', async () => {
    const server = new Server();
    const keeper = fresh(server, COMPLETE);
    await keeper.flush();
    keeper.change({ message_2: '', name: 'Autumn' });
    await vi.runAllTimersAsync();
    expect(server.drafts.get('c0')).toEqual({ ...COMPLETE, name: 'Autumn' });
    expect(keeper.store.get().form.message_2).toBe('');
    expect(server.kept?.form.message_2).toBe('');
  });

  test('tries again by itself when nobody answered, and not when it was refused', async () => {
    const server = new Server();
    const keeper = fresh(server, COMPLETE);
    server.failing = 'before';
    await expect(keeper.flush()).rejects.toBe(LOST);
    server.failing = 'no';
    await vi.advanceTimersByTimeAsync(2000);
    expect(keeper.store.get()).toMatchObject({ id: 'c0', state: 'idle' });
    server.refusing = true;
    keeper.change({ name: 'Refused' });
    await vi.runAllTimersAsync();
    expect(keeper.store.get().state).toBe('failed');
    expect(vi.getTimerCount()).toBe(0);
  });

  /** The page is loaded again: all that is left is what the browser kept, and what the server has. */
  const reloaded = (server: Server, before: DraftKeeper): DraftKeeper => {
    vi.clearAllTimers();
    const kept = server.kept;
    const id = kept ? kept.id : before.store.get().id;
    if (id === null) return kept ? new DraftKeeper(kept, server.ways) : fresh(server, BEGUN);
    const base = server.drafts.get(id) as Form;
    const form = kept ? restored(base, kept) : base;
    return new DraftKeeper({ id, form, base, posted: null }, server.ways);
  };

  test('sends again what was changed back while nobody knew whether it had arrived', async () => {
    const server = new Server();
    const keeper = fresh(server, COMPLETE);
    await keeper.flush();
    server.failing = 'after';
    keeper.change({ name: 'Autumn' });
    await vi.advanceTimersByTimeAsync(700);
    server.failing = 'no';
    keeper.change({ name: COMPLETE.name });
    expect(server.kept).not.toBeNull();
    await keeper.flush();
    expect(server.drafts.get('c0')).toEqual(COMPLETE);
  });

  test('whatever is typed and whatever fails, everything arrives, once', async () => {
    const step = fc.record({
      change: fc.record(
        {
          name: fc.string(),
          message_1: fc.string({ minLength: 1 }),
          message_2: fc.constantFrom('', 'b', 'c', '{{'),
          everyone: fc.boolean(),
        },
        { requiredKeys: [] },
      ),
      failing: fc.constantFrom<Server['failing'][]>('no', 'before', 'after'),
      waitMs: fc.integer({ min: 0, max: 3000 }),
      reload: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const server = new Server();
        let keeper = fresh(server, BEGUN);
        let typed = BEGUN;
        for (const { change, failing, waitMs, reload } of steps) {
          server.failing = failing;
          keeper.change(change);
          typed = { ...typed, ...change };
          await vi.advanceTimersByTimeAsync(waitMs);
          if (reload) keeper = reloaded(server, keeper);
          expect(keeper.store.get().form).toEqual(typed);
          expect(server.drafts.size).toBeLessThanOrEqual(1);
        }
        server.failing = 'no';
        keeper.change(COMPLETE);
        await keeper.flush();
        expect([...server.drafts.values()]).toEqual([COMPLETE]);
      }),
    );
  });
});
