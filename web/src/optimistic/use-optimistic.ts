// Lists and items as they will be, and the ways to change them.
//
//   const contacts = useRows('contacts', list('/api/contacts', { query: { q } }));
//   const change = useWrite<Contact>('contacts', { outdates: [['statistics']] });
//   change.update({ ids: [id], patch: (c) => ({ ...c, name }), request: (key) => call('patch', ...), failed: t.notSaved });

import { type InfiniteData, useInfiniteQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { failure } from '../api/failure';
import { cutShort } from '../api/long-lists';
import { ApiProblem } from '../api/problem';
import type { ListPage, list } from '../api/queries';
import { commonWords } from '../i18n/words';
import { useStore } from '../store';
import { toast } from '../ui/toast';
import { type Change, Changes, type Item, laidOver, laidOverOne } from './changes';
import { run } from './run';

const changes = new Changes();

const useLayers = (collection: string) => {
  useStore(changes.store);
  return changes.of(collection);
};

/** All rows that were loaded of a list, with what is under way, and how to load more. */
export function useRows<T extends Item>(
  collection: string,
  options: { readonly queryKey: readonly unknown[] } & object,
) {
  const query = useInfiniteQuery(options as unknown as ReturnType<typeof list<'/api/contacts'>>);
  const layers = useLayers(collection);
  const data = query.data as InfiniteData<ListPage<T>> | undefined;
  const loaded = useMemo(() => data?.pages.flatMap((page) => page.items) ?? [], [data]);
  const client = useQueryClient();
  const key = JSON.stringify(options.queryKey);
  useEffect(() => () => void setTimeout(() => cutShort(client, JSON.parse(key))), [client, key]);
  const rows = useMemo(() => laidOver(loaded, layers), [loaded, layers]);
  return { ...query, rows };
}

/** As `useRows`, with every page fetched: for what is few, and chosen from as a whole. */
export function useAllRows<T extends Item>(...asked: Parameters<typeof useRows>) {
  const query = useRows<T>(...asked);
  const { hasNextPage, isFetching, isError, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [hasNextPage, isFetching, isError, fetchNextPage]);
  return query;
}

/** One item with what is under way; `undefined` as long as it is not there, and once it is deleted. */
export function useItem<T extends Item>(collection: string, item: T | undefined): T | undefined {
  const layers = useLayers(collection);
  return useMemo(() => (item ? laidOverOne(item, layers) : undefined), [item, layers]);
}

interface Asked<T extends Item, Answer> {
  /** Gets the key that makes a second try of a POST do nothing twice. */
  readonly request: (idempotencyKey: string) => Promise<Answer>;
  /** What to say when it fails; the reason is added. */
  readonly failed: string;
  /** What to say when it is done; nothing by default, as it can be seen. */
  readonly done?: string;
  readonly itemOf?: (answer: Answer) => T | undefined;
  /** For what would fail again as it is: opens what was typed, with what is wrong about it. */
  readonly correct?: (error: unknown) => void;
}

export function useWrite<T extends Item>(
  collection: string,
  { outdates }: { readonly outdates?: readonly (readonly string[])[] } = {},
) {
  const client = useQueryClient();

  /** Resolves to the answer, or to `undefined` when it failed, which was then said, with a way to try again. */
  async function write<Answer>(
    change: Change<T>,
    asked: Asked<T, Answer>,
    key: string = crypto.randomUUID(),
  ): Promise<Answer | undefined> {
    try {
      const request = () => asked.request(key);
      const answer = await run(client, changes, {
        collection,
        change,
        request,
        itemOf: asked.itemOf,
        outdates,
      });
      if (asked.done) toast({ tone: 'good', text: asked.done });
      return answer;
    } catch (error) {
      const { correct } = asked;
      const action =
        correct && !(error instanceof ApiProblem && error.isPassing)
          ? { label: commonWords().correct, run: () => correct(error) }
          : { label: commonWords().tryAgain, run: () => void write(change, asked, key) };
      toast({ tone: 'bad', text: asked.failed, detail: failure(error), action });
      return undefined;
    }
  }

  return {
    /** `item` needs an id that no other has: `crypto.randomUUID()` until the server has given it one. */
    create: <A>({ item, ...asked }: { readonly item: T } & Asked<T, A>) =>
      write({ kind: 'create', item }, asked),
    update: <A>({
      ids,
      patch,
      ...asked
    }: { readonly ids: Iterable<string>; readonly patch: (item: T) => T } & Asked<T, A>) =>
      write({ kind: 'update', ids: new Set(ids), patch }, asked),
    remove: <A>({ ids, ...asked }: { readonly ids: Iterable<string> } & Asked<T, A>) =>
      write({ kind: 'delete', ids: new Set(ids) }, asked),
  };
}
