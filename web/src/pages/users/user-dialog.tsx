import { type FormEvent, useId, useState } from 'react';
import type { Schemas } from '../../api/types';
import { LANGUAGES } from '../../i18n/language';
import { useCommon } from '../../i18n/words';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Field, Select, TextInput } from '../../ui/field';
import { Notice } from '../../ui/notice';
import { useWords } from './words';

export type User = Schemas['UserOut'];

export interface Draft {
  readonly name: string;
  readonly role: User['role'];
  readonly language: 'fr' | 'en';
}

export type Problems = Partial<Record<keyof Draft, string>>;

export const NEW_USER: Draft = { name: '', role: 'admin', language: 'fr' };

export const draftOf = ({ name, role, language }: User): Draft => ({
  name,
  role,
  language: language === 'en' ? 'en' : 'fr',
});

interface DialogProps {
  /** `null`: a new one. */
  user: User | null;
  draft: Draft;
  problems?: Problems | undefined;
  onSave: (draft: Draft) => void;
  onClose: () => void;
}

export function UserDialog({ user, draft: first, problems: refused, onSave, onClose }: DialogProps) {
  const t = useWords();
  const common = useCommon();
  const form = useId();
  const [draft, setDraft] = useState(first);
  const [problems, setProblems] = useState(refused ?? {});
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part });

  function save(event: FormEvent) {
    event.preventDefault();
    if (draft.name.trim()) onSave({ ...draft, name: draft.name.trim() });
    else setProblems({ name: t.nameMissing });
  }

  return (
    <Dialog
      title={user ? t.editing(user.name) : t.add}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t.cancel}</Button>
          <button type="submit" form={form} className="button button-primary">
            {user ? t.save : t.addIt}
          </button>
        </>
      }
    >
      <form id={form} className="stack" onSubmit={save} noValidate>
        <Field label={t.name} hint={t.nameHint} error={problems.name}>
          <TextInput
            autoFocus
            autoComplete="off"
            maxLength={100}
            value={draft.name}
            onChange={(name) => change({ name })}
          />
        </Field>
        <Field label={t.role} hint={t.roleHints[draft.role]} error={problems.role}>
          <Select
            value={draft.role}
            onChange={(role) => change({ role: role as User['role'] })}
            options={Object.entries(t.roles).map(([value, label]) => ({ value, label }))}
          />
        </Field>
        <Field label={t.language}>
          <Select
            value={draft.language}
            onChange={(language) => change({ language: language as Draft['language'] })}
            options={LANGUAGES.map((value) => ({ value, label: common.languages[value] }))}
          />
        </Field>
        {user && user.role !== draft.role && <Notice tone="warn">{t.endsSessions}</Notice>}
      </form>
    </Dialog>
  );
}
