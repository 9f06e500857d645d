import { type FormEvent, useId, useState } from 'react';
import { failure } from '../../api/failure';
import { ApiProblem } from '../../api/problem';
import { Button } from '../../ui/button';
import { ConfirmDialog, Dialog } from '../../ui/dialog';
import { Field, TextInput } from '../../ui/field';
import { SHORTEST_REASON } from './bulk-dialogs';
import type { OptOut, OptOutValues } from './use-opt-out-writes';
import { useWords } from './words';

interface SuppressFormProps {
  first: OptOutValues | undefined;
  problem: unknown;
  onSave: (values: OptOutValues) => void;
  /** With what was typed, which is there when it is opened again. */
  onClose: (values: OptOutValues | null) => void;
}

export function SuppressForm({ first, problem, onSave, onClose }: SuppressFormProps) {
  const t = useWords();
  const id = useId();
  const [values, setValues] = useState(first ?? { phone: '', reason: '' });
  const [asked, setAsked] = useState(false);
  const { length } = values.reason.trim();
  const isShort = length > 0 && length < SHORTEST_REASON;
  const refused = problem !== undefined && values.phone === first?.phone ? failure(problem) : undefined;

  function submit(event: FormEvent) {
    event.preventDefault();
    setAsked(true);
    if (values.phone.trim() && !isShort) onSave(values);
  }
  return (
    <Dialog
      title={t.addOptOut}
      onClose={() => onClose(values)}
      actions={
        <Button kind="primary" type="submit" form={id}>
          {t.addOptOutConfirm}
        </Button>
      }
    >
      <form id={id} className="stack" onSubmit={submit} noValidate>
        <p>{t.optOutText}</p>
        <Field
          label={t.phone}
          hint={t.phoneHint}
          error={asked && !values.phone.trim() ? t.wrong.noPhone : refused}
        >
          <TextInput
            value={values.phone}
            onChange={(phone) => setValues({ ...values, phone })}
            type="tel"
            autoComplete="off"
            maxLength={50}
            autoFocus
          />
        </Field>
        <Field label={t.reason} optional={t.optional} error={asked && isShort ? t.reasonShort : undefined}>
          <TextInput
            value={values.reason}
            onChange={(reason) => setValues({ ...values, reason })}
            placeholder={t.reasonPlaceholder}
            maxLength={500}
          />
        </Field>
      </form>
    </Dialog>
  );
}

interface AllowDialogProps {
  optOut: OptOut;
  onAllow: (reason: string) => void;
  onClose: () => void;
}

/** Whoever takes a number off the list says why: the audit log keeps it. */
export function AllowDialog({ optOut, onAllow, onClose }: AllowDialogProps) {
  const t = useWords();
  const [reason, setReason] = useState('');

  function allow() {
    const given = reason.trim();
    if (given.length < SHORTEST_REASON) throw new ApiProblem('answer', 422, t.reasonShort, '');
    onAllow(given);
  }
  return (
    <ConfirmDialog
      title={t.allowTitle(optOut.phone ?? t.erased)}
      confirm={t.allowConfirm}
      danger
      onConfirm={allow}
      onClose={onClose}
    >
      <p>{t.allowText}</p>
      <Field label={t.allowReason} hint={t.allowReasonHint}>
        <TextInput value={reason} onChange={setReason} maxLength={500} autoFocus />
      </Field>
    </ConfirmDialog>
  );
}
