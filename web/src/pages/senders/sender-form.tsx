import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { read } from '../../api/queries';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Field, Select, TextInput } from '../../ui/field';
import { ErrorState, Skeleton } from '../../ui/layout';
import { Notice } from '../../ui/notice';
import { DeviceFields, fromDevice, likely } from './device-fields';
import { type Draft, draftOf, emptyDraft, type Gateway, type Problems, problemsOf } from './draft';
import { NumberFields, ProviderField, TemplateFields } from './meta-fields';
import type { Sender } from './sender';
import { useWords } from './words';

interface FormProps {
  /** What was typed before a save failed, and what was wrong with it. */
  typed?: { readonly draft: Draft; readonly problems: Problems } | undefined;
  others: readonly Sender[];
  onSave: (draft: Draft) => void;
  onClose: () => void;
}

export function AddSender(props: FormProps) {
  const t = useWords();
  const gateway = useQuery({ ...read('/api/gateway/devices', {}), staleTime: 0 });
  return (
    <SenderDialog title={t.add} query={gateway} onClose={props.onClose}>
      {(found) => {
        const device = likely(found);
        const first = { ...emptyDraft(found.simulated), ...(device ? fromDevice(device) : {}) };
        return (
          <Form
            {...props}
            first={props.typed?.draft ?? first}
            submit={t.addIt}
            gateway={found}
            looking={gateway.isFetching}
            onLook={() => void gateway.refetch()}
          />
        );
      }}
    </SenderDialog>
  );
}

export function EditSender({ sender: { id, name }, ...props }: FormProps & { sender: Sender }) {
  const t = useWords();
  const sender = useQuery(read('/api/senders/{sender_id}', { path: { sender_id: id } }));
  return (
    <SenderDialog title={t.editing(name)} query={sender} onClose={props.onClose}>
      {(found) => (
        <Form
          {...props}
          others={props.others.filter((other) => other.id !== id)}
          first={props.typed?.draft ?? draftOf(found.sender)}
          submit={t.save}
        />
      )}
    </SenderDialog>
  );
}

const FORM = 'sender-form';

/** The frame of both forms, which is there before what they need has come. */
function SenderDialog<Data>({
  title,
  query,
  onClose,
  children,
}: {
  title: string;
  query: { data: Data | undefined; error: unknown; refetch: () => unknown };
  onClose: () => void;
  children: (data: Data) => React.ReactNode;
}) {
  return (
    <Dialog side title={title} onClose={onClose}>
      {query.data !== undefined ? (
        children(query.data)
      ) : query.error ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Skeleton lines={5} height="3.5rem" />
      )}
    </Dialog>
  );
}

interface InnerProps extends FormProps {
  first: Draft;
  submit: string;
  gateway?: Gateway;
  looking?: boolean;
  onLook?: () => void;
}

function Form({ first, typed, others, submit, gateway, looking = false, onLook, onSave, onClose }: InnerProps) {
  const t = useWords();
  const id = useId();
  const [draft, setDraft] = useState(first);
  const [problems, setProblems] = useState<Problems>(typed?.problems ?? {});
  const change = (part: Partial<Draft>) => setDraft((before) => ({ ...before, ...part }));

  function save(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const found = problemsOf(draft, t, others);
    setProblems(found);
    if (Object.keys(found).length === 0) onSave(draft);
    else
      requestAnimationFrame(() =>
        document.getElementById(id)?.querySelector<HTMLElement>('[aria-invalid]')?.focus(),
      );
  }

  return (
    <form id={id} className="stack" name={FORM} onSubmit={save} noValidate>
      {gateway?.simulated && <Notice>{t.sandbox}</Notice>}
      {gateway && <ProviderField draft={draft} onChange={change} />}
      {gateway && draft.provider === 'meta' && (
        <NumberFields draft={draft} problems={problems} onChange={change} />
      )}
      {gateway && onLook && draft.provider !== 'meta' && (
        <DeviceFields
          draft={draft}
          problems={problems}
          gateway={gateway}
          looking={looking}
          onLook={onLook}
          onChange={change}
        />
      )}
      {draft.provider === 'meta' && <TemplateFields draft={draft} problems={problems} onChange={change} />}
      <Field label={t.name} hint={t.nameHint} error={problems.name}>
        <TextInput value={draft.name} maxLength={100} onChange={(name) => change({ name })} />
      </Field>
      <PaceFields draft={draft} problems={problems} onChange={change} />
      <div className="row sender-form-foot">
        <Button onClick={onClose}>{t.cancel}</Button>
        <Button kind="primary" type="submit">
          {submit}
        </Button>
      </div>
    </form>
  );
}

function PaceFields({
  draft,
  problems,
  onChange,
}: {
  draft: Draft;
  problems: Problems;
  onChange: (change: Partial<Draft>) => void;
}) {
  const t = useWords();
  return (
    <>
      <Field label={t.pace} hint={draft.pace === 'fixed' ? t.paceHint : undefined}>
        <Select
          value={draft.pace}
          onChange={(pace) => onChange({ pace })}
          options={Object.entries(t.paces).map(([value, label]) => ({ value, label }))}
        />
      </Field>
      {draft.pace === 'fixed' ? (
        <Field label={t.rate} error={problems.rate}>
          <TextInput inputMode="decimal" value={draft.rate} onChange={(rate) => onChange({ rate })} />
        </Field>
      ) : (
        <>
          <Field label={t.trust} hint={t.trustHint}>
            <Select
              value={draft.maturity}
              onChange={(maturity) => onChange({ maturity })}
              options={Object.entries(t.maturities).map(([value, label]) => ({
                value: value === 'auto' ? '' : value,
                label,
              }))}
            />
          </Field>
          <Field label={t.since} hint={t.sinceHint} optional={t.optional} error={problems.since}>
            <TextInput type="date" value={draft.since} onChange={(since) => onChange({ since })} />
          </Field>
        </>
      )}
    </>
  );
}
