// A draft that saves itself. What was typed is in this browser at once, on the server a moment later, and leaves the
// browser only once the server has it: whatever fails, or is closed in between, takes nothing with it.

import { ApiProblem } from '../../api/problem';
import { Store } from '../../store';
import { changedFields, type FieldName, type Form, gapsOf, rebased, storable, type Unsure } from './form';

/** What a browser has to remember to go on where it was. */
export interface Kept {
  readonly id: string | null;
  readonly form: Form;
  /** What the server has. */
  readonly base: Form;
  /** What was sent to be created, and perhaps was: sent again it gives the same draft, not a second one. */
  readonly posted: { readonly key: string; readonly form: Form } | null;
  readonly unsure?: Unsure | undefined;
}

export interface Draft extends Kept {
  readonly state: 'idle' | 'saving' | 'failed';
  readonly error: unknown;
}

export interface Saved {
  readonly id: string;
  readonly form: Form;
}

/** The way to the server and to the browser's memory. */
export interface Ways {
  readonly create: (form: Form, key: string) => Promise<Saved>;
  readonly change: (id: string, change: Partial<Form>) => Promise<Saved>;
  /** `null`: there is nothing to remember. */
  readonly keep: (id: string | null, kept: Kept | null) => void;
}

/** It cannot be stored yet; gapsOf says why. */
export class IncompleteError extends Error {}

const SAVE_AFTER_MS = 700;
const TRY_AGAIN_AFTER_MS = [2000, 5000, 15_000, 30_000];

export const hasChanges = ({ form, base, unsure }: Kept): boolean =>
  changedFields(form, base, unsure).length > 0;

export class DraftKeeper {
  readonly key = crypto.randomUUID();
  readonly store: Store<Draft>;
  readonly #ways: Ways;
  #running: Promise<void> | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  constructor(kept: Kept, ways: Ways) {
    this.store = new Store<Draft>({ ...kept, state: 'idle', error: null });
    this.#ways = ways;
    if (kept.posted || (kept.id && hasChanges(kept))) this.#later(0);
  }

  readonly change = (change: Partial<Form>): void => {
    const { form } = this.store.get();
    this.#set({ form: { ...form, ...change } });
    this.#later(SAVE_AFTER_MS);
  };

  /** Saves now. Rejects with what stands against it; resolves to the draft's id once the server has everything. */
  readonly flush = async (): Promise<string> => {
    this.#failures = 0;
    await this.#save();
    const draft = this.store.get();
    if (draft.state === 'failed') throw draft.error;
    if (draft.id === null || hasChanges(draft)) throw new IncompleteError();
    return draft.id;
  };

  /** As `flush`, for whoever need not know how it ended. */
  readonly saveNow = (): void => void this.#save();

  /** Takes back what was typed since it was stored. */
  readonly reset = (): void => {
    clearTimeout(this.#timer);
    this.#set({ form: this.store.get().base, posted: null, unsure: [], state: 'idle', error: null });
  };

  #save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#running ??= this.#saveAll().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #saveAll(): Promise<void> {
    try {
      while (await this.#saveSome());
      this.#failures = 0;
      this.#set({ state: 'idle', error: null });
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Whether there may be more to save. */
  async #saveSome(): Promise<boolean> {
    const { id, form, base, posted, unsure } = this.store.get();
    if (id === null) {
      if (!posted && gapsOf(form).length > 0) return false;
      await this.#create(posted ?? { key: crypto.randomUUID(), form });
      return true;
    }
    const change = storable(form, base, unsure);
    if (Object.keys(change).length === 0) return false;
    // Until somebody has answered.
    this.#set({
      state: 'saving',
      error: null,
      unsure: [...(unsure ?? []), ...(Object.keys(change) as FieldName[])],
    });
    const saved = await this.#ways.change(id, change);
    const unsent = Object.fromEntries(
      changedFields(form, base, unsure)
        .filter((name) => !(name in change))
        .map((name) => [name, form[name]]),
    );
    this.#stored(saved, form, unsent);
    return true;
  }

  async #create(posted: NonNullable<Kept['posted']>): Promise<void> {
    this.#set({ state: 'saving', error: null, posted });
    const saved = await this.#ways.create(posted.form, posted.key);
    this.#ways.keep(null, null);
    this.#stored(saved, posted.form, {});
  }

  #stored(saved: Saved, sent: Form, unsent: Partial<Form>): void {
    const form = rebased(this.store.get().form, sent, unsent, saved.form);
    this.#set({ id: saved.id, base: saved.form, form, posted: null, unsure: [] });
  }

  #failed(error: unknown): void {
    const isPassing = error instanceof ApiProblem && (error.isPassing || error.title === 'Still running');
    // What was refused is not there, so that the next attempt is a new one.
    this.#set({ state: 'failed', error, ...(isPassing ? {} : { posted: null, unsure: [] }) });
    if (!isPassing) return;
    const wait = TRY_AGAIN_AFTER_MS[Math.min(this.#failures++, TRY_AGAIN_AFTER_MS.length - 1)];
    this.#later(wait ?? 0);
  }

  #later(afterMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.saveNow, afterMs);
  }

  #set(change: Partial<Draft>): void {
    this.store.set({ ...this.store.get(), ...change });
    const { id, form, base, posted, unsure } = this.store.get();
    const kept = { id, form, base, posted, unsure };
    this.#ways.keep(id, posted || hasChanges(kept) ? kept : null);
  }
}
