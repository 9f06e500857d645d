import { useState } from 'react';
import { call } from '../../api/client';
import { ApiProblem } from '../../api/problem';
import type { Schemas } from '../../api/types';
import { useWrite } from '../../optimistic/use-optimistic';
import { type Draft, draftOf, NEW_USER, type Problems, type User } from './user-dialog';
import { useWords } from './words';

interface Form {
  readonly user: User | null;
  readonly draft: Draft;
  readonly problems?: Problems;
}

/** What a super admin does with users, and the form and the password that this opens. */
export function useUserActions() {
  const t = useWords();
  const write = useWrite<User>('users', { outdates: [['audit-log'], ['api-keys']] });
  const [form, setForm] = useState<Form | null>(null);
  const [password, setPassword] = useState<Schemas['NewPasswordOut'] | null>(null);

  /** What is refused comes back as it was typed, with what is wrong with it. */
  async function orAgain<Answer>(user: User | null, draft: Draft, ask: () => Promise<Answer>): Promise<Answer> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof ApiProblem && !error.isPassing) {
        const problems =
          error.title === 'Last super admin' ? { role: t.lastSuperAdmin } : refusedName(error, t.nameTaken);
        setForm({ user, draft, problems });
      }
      throw error;
    }
  }

  async function add(draft: Draft) {
    setForm(null);
    const item = {
      ...draft,
      id: crypto.randomUUID(),
      must_change_password: true,
      created_at: new Date().toISOString(),
    };
    const answer = await write.create({
      item,
      request: () => orAgain(null, draft, () => call('post', '/api/users', { body: draft })),
      itemOf: ({ user }) => user,
      failed: t.notAdded,
    });
    if (answer) setPassword(answer);
  }

  function edit(user: User, draft: Draft) {
    setForm(null);
    void write.update({
      ids: [user.id],
      patch: (each) => ({ ...each, ...draft }),
      request: () =>
        orAgain(user, draft, () =>
          call('patch', '/api/users/{user_id}', { path: { user_id: user.id }, body: draft }),
        ),
      itemOf: (answer) => answer,
      failed: t.notSaved,
    });
  }

  return {
    form,
    password,
    openNew: () => setForm({ user: null, draft: NEW_USER }),
    openEdit: (user: User) => setForm({ user, draft: draftOf(user) }),
    close: () => setForm(null),
    forgetPassword: () => setPassword(null),
    save: (draft: Draft) => (form?.user ? edit(form.user, draft) : void add(draft)),
    /** In a dialog that waits: what it gives has to be passed on. */
    resetPassword: async ({ id }: User) =>
      setPassword(await call('post', '/api/users/{user_id}/reset-password', { path: { user_id: id } })),
    remove: ({ id }: User) =>
      write.remove({
        ids: [id],
        request: () => call('delete', '/api/users/{user_id}', { path: { user_id: id } }),
        failed: t.notRemoved,
      }),
  };
}

const refusedName = (error: ApiProblem, taken: string): Problems =>
  error.status === 409 ? { name: taken } : { name: error.of('name') ?? error.detail };
