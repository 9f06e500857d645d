import { Field, Select, TextInput } from '../../ui/field';
import type { Draft, Problems } from './draft';
import { useWords } from './words';

interface FieldsProps {
  draft: Draft;
  problems: Problems;
  onChange: (change: Partial<Draft>) => void;
}

/** Whose gateway the new sender goes through. */
export function ProviderField({ draft, onChange }: Pick<FieldsProps, 'draft' | 'onChange'>) {
  const t = useWords();
  return (
    <Field label={t.provider} hint={draft.provider === 'meta' ? t.metaHint : undefined}>
      <Select
        value={draft.provider}
        onChange={(provider) => onChange({ provider: provider as Draft['provider'], device: '' })}
        options={Object.entries(t.providers).map(([value, label]) => ({ value, label }))}
      />
    </Field>
  );
}

/** A number of Meta: it cannot be listed, so its id is typed. */
export function NumberFields({ draft, problems, onChange }: FieldsProps) {
  const t = useWords();
  return (
    <>
      <Field label={t.phone} hint={t.phoneHint} error={problems.phone}>
        <TextInput
          type="tel"
          autoComplete="off"
          value={draft.phone}
          onChange={(phone) => onChange({ phone })}
        />
      </Field>
      <Field label={t.numberId} hint={t.numberIdHint} error={problems.device}>
        <TextInput
          inputMode="numeric"
          autoComplete="off"
          spellCheck={false}
          maxLength={20}
          value={draft.device}
          onChange={(device) => onChange({ device })}
        />
      </Field>
    </>
  );
}

/** What Message 1 is sent as, since Meta takes nothing else before somebody has written. */
export function TemplateFields({ draft, problems, onChange }: FieldsProps) {
  const t = useWords();
  return (
    <>
      <Field label={t.template} hint={t.templateHint} error={problems.template}>
        <TextInput
          autoComplete="off"
          spellCheck={false}
          maxLength={512}
          value={draft.template}
          onChange={(template) => onChange({ template })}
        />
      </Field>
      <Field label={t.language} hint={t.languageHint} error={problems.language}>
        <TextInput
          autoComplete="off"
          spellCheck={false}
          maxLength={6}
          value={draft.language}
          onChange={(language) => onChange({ language })}
        />
      </Field>
    </>
  );
}
