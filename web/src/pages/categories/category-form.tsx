import { type FormEvent, useId, useState } from 'react';
import { failure } from '../../api/failure';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Field, TextInput } from '../../ui/field';
import { type ColourName, PALETTE } from './palette';
import type { CategoryValues } from './use-category-writes';
import { useWords } from './words';

interface CategoryFormProps {
  first: CategoryValues;
  isNew: boolean;
  /** Why it was refused before. */
  problem?: unknown;
  onSave: (values: CategoryValues) => void;
  onClose: (values: CategoryValues) => void;
}

/** It closes at once: the list shows what was saved, and offers to correct what was refused. */
export function CategoryForm({ first, isNew, problem, onSave, onClose }: CategoryFormProps) {
  const t = useWords();
  const formId = useId();
  const [values, setValues] = useState(first);
  const [asked, setAsked] = useState(false);
  const wrong = !values.name.trim() ? t.nameMissing : /[|;]/.test(values.name) ? t.nameSigns : undefined;
  const refused = problem !== undefined && values.name === first.name ? failure(problem) : undefined;

  function submit(event: FormEvent) {
    event.preventDefault();
    setAsked(true);
    if (!wrong) onSave({ ...values, name: values.name.trim() });
  }

  return (
    <Dialog
      title={isNew ? t.addTitle : t.editTitle}
      onClose={() => onClose(values)}
      actions={
        <Button kind="primary" type="submit" form={formId}>
          {isNew ? t.create : t.save}
        </Button>
      }
    >
      <form id={formId} className="stack" onSubmit={submit} noValidate>
        <Field label={t.name} error={asked && wrong ? wrong : refused}>
          <TextInput
            value={values.name}
            onChange={(name) => setValues({ ...values, name })}
            placeholder={t.namePlaceholder}
            maxLength={100}
            autoComplete="off"
            autoFocus
          />
        </Field>
        <Colours
          current={values.colour}
          own={first.colour}
          onChange={(colour) => setValues({ ...values, colour })}
        />
      </form>
    </Dialog>
  );
}

interface ColoursProps {
  current: string;
  /** The colour it has, which need not be one of ours. */
  own: string;
  onChange: (colour: string) => void;
}

function Colours({ current, own, onChange }: ColoursProps) {
  const t = useWords();
  const name = useId();
  const offered = Object.entries(PALETTE) as [ColourName, string][];
  const isOurs = offered.some(([, colour]) => colour === own);
  return (
    <fieldset className="swatches">
      <legend>{t.colour}</legend>
      {[...(isOurs ? [] : ([['own', own]] as const)), ...offered].map(([label, colour]) => (
        <label key={colour} className="swatch" title={t.colours[label]}>
          <input type="radio" name={name} checked={colour === current} onChange={() => onChange(colour)} />
          <span className="swatch-dot" style={{ background: colour }} />
          <span className="hidden">{t.colours[label]}</span>
        </label>
      ))}
    </fieldset>
  );
}
