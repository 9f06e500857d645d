import { InfiniteQueryObserver, QueryClient, QueryObserver } from '@tanstack/react-query';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type Change, Changes, laidOver, laidOverOne } from './changes';
import { run } from './run';

interface Contact {
  readonly id: string;
  readonly name: string;
  readonly blocked: boolean;
}

const COLLECTION = 'contacts';
const PAGE = 2;
const IDS = ['a', 'b', 'c', 'd', 'e'];

/** What may happen to a request: it works, it fails before it did anything, or it did it and then failed. */
type Fate = 'works' | 'fails' | 'works, then fails';

type Step =
  | { readonly kind: 'create'; readonly name: string; readonly fate: Fate }
  | { readonly kind: 'rename'; readonly id: string; readonly name: string; readonly fate: Fate }
  | { readonly kind: 'block'; readonly id: string; readonly fate: Fate }
  | { readonly kind: 'delete'; readonly ids: readonly string[]; readonly fate: Fate };

const fate = fc.constantFrom<Fate>('works', 'fails', 'works, then fails');
const id = fc.constantFrom(...IDS);
const name = fc.constantFrom('Ada', 'Bea', 'Cleo', 'Dora');
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('create' as const), name, fate }),
  fc.record({ kind: fc.constant('rename' as const), id, name, fate }),
  fc.record({ kind: fc.constant('block' as const), id, fate }),
  fc.record({
    kind: fc.constant('delete' as const),
    ids: fc.uniqueArray(id, { minLength: 1, maxLength: 2 }),
    fate,
  }),
);

/** The truth, and answers that come in any order. */
class Server {
  contacts: Contact[] = IDS.map((each) => ({ id: each, name: each, blocked: false }));
  #made = 0;

  constructor(readonly scheduler: fc.Scheduler) {}

  page(from: number) {
    const items = this.contacts.slice(from, from + PAGE);
    const next = from + PAGE < this.contacts.length ? from + PAGE : null;
    return this.scheduler.schedule(Promise.resolve({ items, next_cursor: next }), 'a page');
  }

  one(wanted: string) {
    return this.scheduler.schedule(
      Promise.resolve(this.contacts.find((each) => each.id === wanted) ?? null),
      'an item',
    );
  }

  async write<T>(label: string, outcome: Fate, effect: () => T): Promise<T> {
    await this.scheduler.schedule(Promise.resolve(), `${label} arrives`);
    if (outcome === 'fails') throw new Error('refused');
    const result = effect();
    await this.scheduler.schedule(Promise.resolve(), `${label} is answered`);
    if (outcome === 'works, then fails') throw new Error('the connection broke');
    return result;
  }

  create(wanted: string): Contact {
    this.#made += 1;
    const made = { id: `new ${this.#made}`, name: wanted, blocked: false };
    this.contacts = [...this.contacts, made];
    return made;
  }

  change(wanted: string, by: Partial<Contact>): Contact | undefined {
    this.contacts = this.contacts.map((each) => (each.id === wanted ? { ...each, ...by } : each));
    return this.contacts.find((each) => each.id === wanted);
  }

  remove(ids: readonly string[]): void {
    this.contacts = this.contacts.filter((each) => !ids.includes(each.id));
  }
}

const clients: QueryClient[] = [];

function screen(server: Server) {
  const client = new QueryClient({
    defaultOptions: { queries: { retry: false, gcTime: Number.POSITIVE_INFINITY } },
  });
  clients.push(client);
  const changes = new Changes();
  const list = new InfiniteQueryObserver(client, {
    queryKey: [COLLECTION, 'pages'],
    queryFn: ({ pageParam }) => server.page(pageParam),
    initialPageParam: 0,
    getNextPageParam: (last) => last.next_cursor,
  });
  const single = new QueryObserver<Contact | null>(client, {
    queryKey: [COLLECTION, 'a'],
    queryFn: () => server.one('a'),
  });
  list.subscribe(() => undefined);
  single.subscribe(() => undefined);
  const shown = (): readonly Contact[] =>
    laidOver(
      list.getCurrentResult().data?.pages.flatMap(({ items }) => items) ?? [],
      changes.of(COLLECTION) as never,
    );
  const shownOne = (): Contact | undefined => {
    const item = single.getCurrentResult().data;
    return item ? laidOverOne(item, changes.of(COLLECTION) as never) : undefined;
  };
  return { client, changes, list, shown, shownOne };
}

function write(server: Server, { client, changes }: ReturnType<typeof screen>, todo: Step): Promise<unknown> {
  const ask = <A>(change: Change<Contact>, effect: () => A, itemOf?: (answer: A) => Contact | undefined) =>
    run<Contact, A>(client, changes, {
      collection: COLLECTION,
      change,
      request: () => server.write(todo.kind, todo.fate, effect),
      itemOf,
    });
  switch (todo.kind) {
    case 'create': {
      const item = { id: crypto.randomUUID(), name: todo.name, blocked: false };
      return ask(
        { kind: 'create', item },
        () => server.create(todo.name),
        (answer) => answer,
      );
    }
    case 'rename':
      return ask(
        { kind: 'update', ids: new Set([todo.id]), patch: (each) => ({ ...each, name: todo.name }) },
        () => server.change(todo.id, { name: todo.name }),
        (answer) => answer,
      );
    case 'block':
      return ask(
        { kind: 'update', ids: new Set([todo.id]), patch: (each) => ({ ...each, blocked: true }) },
        () => server.change(todo.id, { blocked: true }),
      );
    case 'delete':
      return ask({ kind: 'delete', ids: new Set(todo.ids) }, () => server.remove(todo.ids));
  }
}

async function loaded(scheduler: fc.Scheduler, { client, list }: ReturnType<typeof screen>): Promise<void> {
  await scheduler.waitIdle();
  while (list.getCurrentResult().hasNextPage) {
    const next = list.fetchNextPage();
    await scheduler.waitIdle();
    await next;
  }
  expect(client.isFetching()).toBe(0);
}

afterEach(() => {
  for (const client of clients.splice(0)) client.clear();
});

const byId = (rows: readonly Contact[]) => [...rows].sort((one, other) => one.id.localeCompare(other.id));

describe('writes that are shown before they have arrived', () => {
  test('Q4: whatever fails and in whichever order answers come, the screen ends at the truth', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(step, { minLength: 1, maxLength: 8 }),
        async (scheduler, steps) => {
          const server = new Server(scheduler);
          const page = screen(server);
          await loaded(scheduler, page);
          const writes = steps.map((todo) =>
            scheduler
              .schedule(Promise.resolve(), 'a click')
              .then(() => write(server, page, todo).catch(() => undefined)),
          );
          await scheduler.waitFor(Promise.all(writes));
          await loaded(scheduler, page);
          expect(page.changes.of(COLLECTION)).toEqual([]);
          expect(byId(page.shown())).toEqual(byId(server.contacts));
          expect(page.shownOne()).toEqual(server.contacts.find((each) => each.id === 'a'));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('003 property 3 (U3): a creation or deletion shows within the same tick, and goes when it is refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(step, { minLength: 1, maxLength: 6 }),
        async (scheduler, steps) => {
          const server = new Server(scheduler);
          const page = screen(server);
          await loaded(scheduler, page);
          const before = page.shown();
          const refused = steps
            .filter(({ kind }) => kind === 'create' || kind === 'delete')
            .map((each): Step => ({ ...each, fate: 'fails' }));
          const writes = refused.map((todo) => write(server, page, todo).catch(() => undefined));
          const gone = new Set(refused.flatMap((each) => (each.kind === 'delete' ? each.ids : [])));
          const made = refused.flatMap((each) => (each.kind === 'create' ? [each.name] : []));
          // Nothing was awaited since the clicks.
          const kept = before.filter((each) => !gone.has(each.id));
          expect(page.shown().slice(made.length)).toEqual(kept);
          expect(
            page
              .shown()
              .slice(0, made.length)
              .map((each) => each.name)
              .sort(),
          ).toEqual(made.sort());
          await scheduler.waitFor(Promise.all(writes));
          expect(page.shown()).toEqual(before);
          await loaded(scheduler, page);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('a write that fails takes back its own change alone, while others are under way', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.uniqueArray(id, { minLength: 2, maxLength: 5 }),
        async (scheduler, ids) => {
          const server = new Server(scheduler);
          const page = screen(server);
          await loaded(scheduler, page);
          const [failing = '', ...others] = ids;
          const failed = write(server, page, { kind: 'rename', id: failing, name: 'Ada', fate: 'fails' }).catch(
            () => undefined,
          );
          const good = others.map((each) => write(server, page, { kind: 'block', id: each, fate: 'works' }));
          const nameOf = (wanted: string) => page.shown().find((each) => each.id === wanted);
          expect(nameOf(failing)?.name).toBe('Ada');
          await scheduler.waitFor(failed);
          expect(nameOf(failing)?.name).toBe(failing);
          // Whether they have arrived or not: what was clicked stays as it was clicked.
          for (const each of others) expect(nameOf(each)?.blocked).toBe(true);
          await scheduler.waitFor(Promise.all(good));
          await loaded(scheduler, page);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('two writes to one item: the one that fails leaves the other', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const server = new Server(scheduler);
        const page = screen(server);
        await loaded(scheduler, page);
        const renamed = write(server, page, { kind: 'rename', id: 'b', name: 'Bea', fate: 'fails' }).catch(
          () => undefined,
        );
        const blocked = write(server, page, { kind: 'block', id: 'b', fate: 'works' });
        await scheduler.waitFor(renamed);
        expect(page.shown().find((each) => each.id === 'b')).toMatchObject({ name: 'b', blocked: true });
        await scheduler.waitFor(blocked);
        await loaded(scheduler, page);
      }),
    );
  });

  test('what was asked before a write never brings back the old state', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const server = new Server(scheduler);
        const page = screen(server);
        await loaded(scheduler, page);
        const names = new Set<string | undefined>();
        const look = () => names.add(page.shown().find((each) => each.id === 'a')?.name);
        void page.list.refetch();
        const renamed = write(server, page, { kind: 'rename', id: 'a', name: 'Ada', fate: 'works' });
        // As long as this is under way, nothing is asked for anew.
        const blocked = write(server, page, { kind: 'block', id: 'b', fate: 'works' });
        const endings = [page.list.subscribe(look), page.changes.store.subscribe(look)];
        await scheduler.waitFor(Promise.all([renamed, blocked]));
        await loaded(scheduler, page);
        for (const end of endings) end();
        expect([...names]).toEqual(['Ada']);
      }),
      { numRuns: 200 },
    );
  });
});
