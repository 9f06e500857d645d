// Changes that are on their way to the server, shown as if they had arrived.
//
// The answers that are kept stay what the server said. What was changed meanwhile lies over them, one layer per change,
// and is laid over anew whenever either changes. So a change that fails is undone by taking its own layer away: nothing
// else moves, whatever else is under way, and no refetch can bring back what was changed since.

import { Store } from '../store';

export interface Item {
  readonly id: string;
}

export type Change<T extends Item = Item> =
  | { readonly kind: 'create'; readonly item: T }
  | { readonly kind: 'update'; readonly ids: ReadonlySet<string>; readonly patch: (item: T) => T }
  | { readonly kind: 'delete'; readonly ids: ReadonlySet<string> };

export interface Layer {
  readonly change: Change;
  /** Whether the server still has to answer. */
  readonly pending: boolean;
}

type Layers = ReadonlyMap<string, readonly Layer[]>;

const NONE: readonly Layer[] = [];

/** By collection: the first part of the keys of its queries, such as `contacts`. */
export class Changes {
  readonly store = new Store<Layers>(new Map());

  of(collection: string): readonly Layer[] {
    return this.store.get().get(collection) ?? NONE;
  }

  running(collection: string): number {
    return this.of(collection).filter(({ pending }) => pending).length;
  }

  add(collection: string, change: Change): Layer {
    const layer = { change, pending: true };
    this.#set(collection, [...this.of(collection), layer]);
    return layer;
  }

  replace(collection: string, old: Layer, by: Layer): void {
    this.#set(
      collection,
      this.of(collection).map((layer) => (layer === old ? by : layer)),
    );
  }

  remove(collection: string, gone: (layer: Layer) => boolean): void {
    this.#set(
      collection,
      this.of(collection).filter((layer) => !gone(layer)),
    );
  }

  #set(collection: string, layers: readonly Layer[]): void {
    const all = new Map(this.store.get());
    if (layers.length) all.set(collection, layers);
    else all.delete(collection);
    this.store.set(all);
  }
}

/** Rows as they will be; new ones come first. */
export function laidOver<T extends Item>(rows: readonly T[], layers: readonly Layer[]): readonly T[] {
  let shown = rows;
  for (const { change } of layers as readonly { readonly change: Change<T> }[]) {
    if (change.kind === 'create') {
      if (!shown.some(({ id }) => id === change.item.id)) shown = [change.item, ...shown];
    } else if (change.kind === 'update') {
      shown = shown.map((row) => (change.ids.has(row.id) ? change.patch(row) : row));
    } else {
      shown = shown.filter(({ id }) => !change.ids.has(id));
    }
  }
  return shown;
}

/** One item as it will be; `undefined` once it is deleted. */
export function laidOverOne<T extends Item>(item: T, layers: readonly Layer[]): T | undefined {
  return laidOver(
    [item],
    layers.filter(({ change }) => change.kind !== 'create'),
  )[0];
}
