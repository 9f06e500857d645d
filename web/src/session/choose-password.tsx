import { type FormEvent, useState } from 'react';
import { failure } from '../api/failure';
import { ApiProblem } from '../api/problem';
import { useCommon } from '../i18n/words';
import { Button } from '../ui/button';
import { Field, TextInput } from '../ui/field';
import { Notice } from '../ui/notice';
import { choosePassword, useSession } from './session';

const SHORTEST = 15;
const LONGEST = 128;

/** Replaces a one-time password; also used to change one's own. */
export function ChoosePasswordForm({ onDone }: { onDone?: () => void }) {
  const t = useCommon();
  const { me, oneTime } = useSession();
  const [current, setCurrent] = useState(oneTime ?? '');
  const [chosen, setChosen] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const tooShort = chosen.length > 0 && chosen.length < SHORTEST;

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (chosen.length < SHORTEST) return;
    setBusy(true);
    setProblem(null);
    try {
      await choosePassword(current, chosen);
      onDone?.();
    } catch (error) {
      const wrong = error instanceof ApiProblem && error.status === 403;
      setProblem(wrong ? t.wrongCurrentPassword : failure(error));
      setBusy(false);
    }
  }

  return (
    <form className="stack" onSubmit={submit}>
      {problem && <Notice tone="bad">{problem}</Notice>}
      <input type="text" name="username" autoComplete="username" value={me?.name ?? ''} readOnly hidden />
      {oneTime === null && (
        <Field label={t.currentPassword}>
          <TextInput
            type="password"
            autoComplete="current-password"
            required
            value={current}
            onChange={setCurrent}
          />
        </Field>
      )}
      <Field
        label={t.newPassword}
        hint={t.passwordHint(SHORTEST)}
        error={tooShort ? t.stillToType(SHORTEST - chosen.length) : undefined}
      >
        <TextInput
          type="password"
          autoComplete="new-password"
          required
          maxLength={LONGEST}
          autoFocus={oneTime !== null}
          value={chosen}
          onChange={setChosen}
        />
      </Field>
      <Button kind="primary" type="submit" busy={busy} wide>
        {t.choosePassword}
      </Button>
    </form>
  );
}
