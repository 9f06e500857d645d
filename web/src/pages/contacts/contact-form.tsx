import { useQuery } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import type { Category } from '../../api/categories';
import { failure } from '../../api/failure';
import { ApiProblem } from '../../api/problem';
import { read } from '../../api/queries';
import { useItem } from '../../optimistic/use-optimistic';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Checkbox, Field, TextInput } from '../../ui/field';
import { ErrorState, Skeleton } from '../../ui/layout';
import { Link } from '../../ui/link';
import { type ContactValues, type FullContact, NO_VALUES, valuesOf, wrongWith } from './contact';
import { VariablesField } from './variables-field';
import { useWords } from './words';

interface FormProps {
  title: string;
  save: string;
  first: ContactValues | undefined;
  /** Why these values were refused before. */
  problem?: unknown;
  categories: readonly Category[];
  onSave: (values: ContactValues) => void;
  onClose: (values: ContactValues) => void;
}

/** It closes at once: the list shows what was saved, and offers to correct what was refused. */
export function ContactForm({
  title,
  save,
  first = NO_VALUES,
  problem,
  categories,
  onSave,
  onClose,
}: FormProps) {
  const t = useWords();
  const id = useId();
  const [values, setValues] = useState(first);
  const [asked, setAsked] = useState(false);
  const set = (change: Partial<ContactValues>) => setValues({ ...values, ...change });
  const wrong = asked ? wrongWith(values) : null;
  const refused = problem !== undefined && values.phone === first.phone ? failure(problem) : undefined;

  function submit(event: FormEvent) {
    event.preventDefault();
    setAsked(true);
    if (!wrongWith(values)) onSave(values);
  }

  return (
    <Dialog
      title={title}
      onClose={() => onClose(values)}
      actions={
        <Button kind="primary" type="submit" form={id}>
          {save}
        </Button>
      }
    >
      <form id={id} className="stack" onSubmit={submit} noValidate>
        <Field label={t.phone} hint={t.phoneHint} error={wrong === 'noPhone' ? t.wrong.noPhone : refused}>
          <TextInput
            value={values.phone}
            onChange={(phone) => set({ phone })}
            type="tel"
            autoComplete="off"
            maxLength={50}
            autoFocus
          />
        </Field>
        <Known problem={problem} />
        <Field label={t.name} optional={t.optional}>
          <TextInput
            value={values.name}
            onChange={(name) => set({ name })}
            autoComplete="off"
            maxLength={200}
          />
        </Field>
        <CategoriesField
          categories={categories}
          chosen={values.categoryIds}
          onChange={(categoryIds) => set({ categoryIds })}
        />
        <VariablesField
          variables={values.variables}
          error={wrong && wrong !== 'noPhone' ? t.wrong[wrong] : undefined}
          onChange={(variables) => set({ variables })}
        />
      </form>
    </Dialog>
  );
}

/** The contact that has the number already. */
function Known({ problem }: { problem: unknown }) {
  const t = useWords();
  const known = problem instanceof ApiProblem ? problem.more['contact_id'] : undefined;
  return typeof known === 'string' ? <Link href={`/contacts?contact=${known}`}>{t.showKnown}</Link> : null;
}

interface CategoriesFieldProps {
  categories: readonly Category[];
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
}

function CategoriesField({ categories, chosen, onChange }: CategoriesFieldProps) {
  const t = useWords();
  if (categories.length === 0) return null;
  return (
    <fieldset className="field">
      <legend>{t.categories}</legend>
      <div className="choices">
        {categories.map(({ id, name }) => (
          <Checkbox
            key={id}
            label={name}
            checked={chosen.includes(id)}
            onChange={(on) => onChange(on ? [...chosen, id] : chosen.filter((each) => each !== id))}
          />
        ))}
      </div>
    </fieldset>
  );
}

interface EditFormProps {
  contactId: string;
  values: ContactValues | undefined;
  problem: unknown;
  categories: readonly Category[];
  onSave: (contact: FullContact, values: ContactValues) => void;
  onClose: () => void;
}

/** The list does not know everything about a contact: the rest is asked for first. */
export function EditForm({ contactId, values, problem, categories, onSave, onClose }: EditFormProps) {
  const t = useWords();
  const query = useQuery(read('/api/contacts/{contact_id}', { path: { contact_id: contactId } }));
  const contact = useItem<FullContact>('contacts', query.data);
  if (!contact) {
    return (
      <Dialog title={t.editTitle} onClose={onClose}>
        {query.isError ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <Skeleton lines={3} height="3.5rem" />
        )}
      </Dialog>
    );
  }
  return (
    <ContactForm
      title={t.editTitle}
      save={t.save}
      first={values ?? valuesOf(contact)}
      problem={problem}
      categories={categories}
      onSave={(next) => onSave(contact, next)}
      onClose={onClose}
    />
  );
}
