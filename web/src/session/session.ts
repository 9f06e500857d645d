// Who is signed in, and what to do when the session ends in the middle of something.

import { call, onSessionEnd, sendOnce } from '../api/client';
import { readFirst } from '../api/first';
import { ApiProblem } from '../api/problem';
import { plant, queryClient } from '../api/queries';
import type { Schemas } from '../api/types';
import { FILES_DATABASE } from '../kept';
import { Store, useStore } from '../store';

export type Me = Schemas['MeOut'];

interface Session {
  /** `null`: nobody is signed in. */
  readonly me: Me | null;
  /** The session has ended, and whatever is on the screen waits for its user to sign in again. */
  readonly ended: boolean;
  /** The one-time password that was just used, so that it need not be typed again to be replaced. */
  readonly oneTime: string | null;
}

const NOBODY: Session = { me: null, ended: false, oneTime: null };

export const session = new Store<Session>(NOBODY);

export const useSession = (): Session => useStore(session);

/** Whoever is signed in; only inside of pages, which nobody else sees. */
export function useMe(): Me {
  const { me } = useSession();
  if (!me) throw new Error('this is shown to people who are signed in');
  return me;
}

export const managesUsers = (me: Me): boolean => me.role === 'super_admin';

/** Finds out who is signed in: from the page itself, or else from the API. */
export async function openSession(): Promise<void> {
  const first = readFirst();
  if (first) {
    plant(first.answers);
    session.set({ ...NOBODY, me: first.me });
    return;
  }
  try {
    session.set({ ...NOBODY, me: (await sendOnce('get', '/api/me')) as Me });
  } catch (error) {
    if (!(error instanceof ApiProblem && error.status === 401)) throw error;
    session.set(NOBODY);
  }
}

let waiting: PromiseWithResolvers<void> | null = null;

onSessionEnd(() => {
  waiting ??= Promise.withResolvers<void>();
  session.set({ ...session.get(), ended: true });
  return waiting.promise;
});

export async function signIn(name: string, password: string): Promise<void> {
  const before = session.get().me;
  const me = await call('post', '/api/auth/login', { body: { name, password } });
  // What is on the screen belongs to somebody else.
  if (before && before.id !== me.id) location.reload();
  session.set({ me, ended: false, oneTime: me.must_change_password ? password : null });
  waiting?.resolve();
  waiting = null;
}

export async function choosePassword(current: string, password: string): Promise<void> {
  const me = await call('patch', '/api/me', { body: { current_password: current, password } });
  session.set({ me, ended: false, oneTime: null });
}

export async function signOut(): Promise<void> {
  await sendOnce('post', '/api/auth/logout').catch(() => undefined);
  forget();
}

/** Leaves everything that this person saw, without asking the server. */
export function forget(): void {
  queryClient.clear();
  indexedDB.deleteDatabase(FILES_DATABASE);
  location.assign('/');
}
