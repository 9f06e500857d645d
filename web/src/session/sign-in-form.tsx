import { type FormEvent, useState } from 'react';
import { failure } from '../api/failure';
import { ApiProblem } from '../api/problem';
import { useCommon } from '../i18n/words';
import { Button } from '../ui/button';
import { Field, TextInput } from '../ui/field';
import { Notice } from '../ui/notice';
import { signIn } from './session';

/** Name and password; `name` is given where only one person may sign in again. */
export function SignInForm({ name: given, onDone }: { name?: string; onDone?: () => void }) {
  const t = useCommon();
  const [name, setName] = useState(given ?? '');
  const [password, setPassword] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await signIn(name, password);
      onDone?.();
    } catch (error) {
      const refused = error instanceof ApiProblem && error.status === 401;
      setProblem(refused ? t.wrongPassword : failure(error));
      setPassword('');
    } finally {
      setBusy(false);
    }
  }

  return (
    <form className="stack" onSubmit={submit}>
      {problem && <Notice tone="bad">{problem}</Notice>}
      <Field label={t.userName}>
        <TextInput
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          required
          readOnly={given !== undefined}
          autoFocus={given === undefined}
          value={name}
          onChange={setName}
        />
      </Field>
      <Field label={t.password}>
        <TextInput
          name="password"
          type="password"
          autoComplete="current-password"
          required
          autoFocus={given !== undefined}
          value={password}
          onChange={setPassword}
        />
      </Field>
      <Button kind="primary" type="submit" busy={busy} wide>
        {t.signIn}
      </Button>
    </form>
  );
}
