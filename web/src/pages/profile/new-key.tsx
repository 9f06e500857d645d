import { type FormEvent, useId, useState } from 'react';
import type { Schemas } from '../../api/types';
import { useMe } from '../../session/session';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Checkbox, Field, TextInput } from '../../ui/field';
import { useWords } from './words';

type KeyScope = Schemas['Scope'];

export interface KeyDraft {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** A day, or ''. */
  readonly until: string;
}

export type KeyProblems = Partial<Record<keyof KeyDraft, string>>;

const EMPTY: KeyDraft = { name: '', scopes: ['read'], until: '' };
const SCOPES: readonly KeyScope[] = ['read', 'write', 'send', 'admin'];

interface NewKeyProps {
  typed?: { readonly draft: KeyDraft; readonly problems: KeyProblems } | undefined;
  onMake: (draft: KeyDraft) => void;
  onClose: () => void;
}

/** The end of that day where this person is. */
export const endOf = (day: string): string | null => (day ? new Date(`${day}T23:59:59`).toISOString() : null);

export function NewKeyDialog({ typed, onMake, onClose }: NewKeyProps) {
  const t = useWords();
  const me = useMe();
  const form = useId();
  const [draft, setDraft] = useState(typed?.draft ?? EMPTY);
  const [problems, setProblems] = useState(typed?.problems ?? {});
  const change = (part: Partial<KeyDraft>) => setDraft({ ...draft, ...part });

  function make(event: FormEvent) {
    event.preventDefault();
    const end = endOf(draft.until);
    const found: KeyProblems = {
      ...(draft.name.trim() ? {} : { name: t.nameMissing }),
      ...(draft.scopes.length > 0 ? {} : { scopes: t.scopeMissing }),
      ...(end && Date.parse(end) < Date.now() ? { until: t.expiresPast } : {}),
    };
    setProblems(found);
    if (Object.keys(found).length === 0) onMake(draft);
  }

  return (
    <Dialog
      title={t.newKey}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t.cancel}</Button>
          <button type="submit" form={form} className="button button-primary">
            {t.make}
          </button>
        </>
      }
    >
      <form id={form} className="stack" onSubmit={make} noValidate>
        <Field label={t.keyName} hint={t.keyNameHint} error={problems.name}>
          <TextInput autoFocus maxLength={100} value={draft.name} onChange={(name) => change({ name })} />
        </Field>
        <fieldset className="stack key-scopes">
          <legend>{t.scopes}</legend>
          {SCOPES.filter((scope) => me.scopes.includes(scope)).map((scope) => (
            <Checkbox
              key={scope}
              label={t.scopeNames[scope]}
              hint={t.scopeHints[scope]}
              checked={draft.scopes.includes(scope)}
              onChange={(chosen) =>
                change({
                  scopes: SCOPES.filter((each) => (each === scope ? chosen : draft.scopes.includes(each))),
                })
              }
            />
          ))}
          {problems.scopes && <p className="field-error">{problems.scopes}</p>}
        </fieldset>
        <Field label={t.expires} hint={t.expiresHint} optional={t.optional} error={problems.until}>
          <TextInput type="date" value={draft.until} onChange={(until) => change({ until })} />
        </Field>
      </form>
    </Dialog>
  );
}
