import { useEffect, useRef } from 'react';
import { useCategories } from '../../api/categories';
import { language } from '../../i18n/language';
import { useStore } from '../../store';
import { Button } from '../../ui/button';
import { Field, Select, TextInput } from '../../ui/field';
import { Card, ErrorState } from '../../ui/layout';
import { Notice } from '../../ui/notice';
import { Progress } from '../../ui/progress';
import { countries } from './countries';
import type { Choices, Draft, Preview } from './draft';
import { mapped, wrongWith } from './mapping';
import { MappingTable } from './mapping-table';
import { sizeOf } from './size';
import { Steps } from './steps';
import { useIsSending } from './upload';
import { useWords } from './words';

/** Enough to recognise what a column holds. */
const SHOWN_ROWS = 6;

interface PrepareProps {
  draft: Draft;
  preview: Preview;
  onChange: (change: Partial<Choices>) => void;
  onStart: () => void;
  onOther: () => void;
}

/** How the file is read, what its columns mean, and what becomes of its rows. */
export function Prepare({ draft, preview, onChange, onStart, onOther }: PrepareProps) {
  const t = useWords();
  const isSending = useIsSending(draft);
  const columns = mapped(preview, draft.choices);
  const wrong = wrongWith(columns);
  const heading = useRef<HTMLHeadingElement>(null);
  // The button that led here is gone.
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return (
    <>
      <Card>
        <Steps current="columns" />
        <h2 ref={heading} tabIndex={-1} className="import-file">
          {draft.file.name}
        </h2>
        <p className="muted import-about">
          {t.readAs(t.delimiters(preview.delimiter), encodingName(preview), sizeOf(draft.file.size))}
        </p>
        {wrong && (
          <Notice tone="warn">
            {wrong.why === 'noPhone' ? t.noPhoneColumn : t.twice(t.meanings[wrong.meaning])}
          </Notice>
        )}
        <MappingTable
          columns={columns}
          rows={preview.rows.slice(0, SHOWN_ROWS)}
          fixed={!preview.has_header || isSending}
          onChange={(title, meaning) => onChange({ meanings: { ...draft.choices.meanings, [title]: meaning } })}
        />
      </Card>
      <Card title={t.options}>
        <Options choices={draft.choices} country={preview.country} disabled={isSending} onChange={onChange} />
      </Card>
      <div className="import-actions">
        {isSending && (
          <div className="import-sending" role="status">
            {t.sending(sizeOf(draft.file.size))}
            <Progress label={t.sendingLabel} value={0} max={0} />
          </div>
        )}
        <Button kind="quiet" disabled={isSending} onClick={onOther}>
          {t.otherFile}
        </Button>
        <Button kind="primary" icon="upload" busy={isSending} disabled={wrong !== null} onClick={onStart}>
          {t.start}
        </Button>
      </div>
    </>
  );
}

const encodingName = ({ encoding }: Preview): string => (encoding === 'utf-8' ? 'UTF-8' : 'Windows-1252');

interface OptionsProps {
  choices: Choices;
  /** Where numbers are from while nobody chose. */
  country: string;
  disabled: boolean;
  onChange: (change: Partial<Choices>) => void;
}

function Options({ choices, country, disabled, onChange }: OptionsProps) {
  const t = useWords();
  const tongue = useStore(language);
  const categories = useCategories().rows;
  return (
    <div className="import-options">
      <Field label={t.category} optional={t.optional} hint={t.categoryHint}>
        <TextInput
          value={choices.category}
          onChange={(category) => onChange({ category })}
          list="import-categories"
          maxLength={100}
          autoComplete="off"
          disabled={disabled}
        />
      </Field>
      <datalist id="import-categories">
        {categories.map(({ id, name }) => (
          <option key={id} value={name} />
        ))}
      </datalist>
      <Field label={t.duplicates} hint={t.duplicatesHints[choices.duplicates]}>
        <Select
          value={choices.duplicates}
          onChange={(value) => onChange({ duplicates: value === 'skip' ? 'skip' : 'update' })}
          options={[
            { value: 'update', label: t.update },
            { value: 'skip', label: t.skip },
          ]}
          disabled={disabled}
        />
      </Field>
      <Field label={t.country} hint={t.countryHint}>
        <Select
          value={choices.country || country}
          onChange={(value) => onChange({ country: value })}
          options={countries(tongue)}
          disabled={disabled}
        />
      </Field>
    </div>
  );
}

interface UnreadableProps {
  file: File;
  error: unknown;
  onRetry: () => void;
  onOther: () => void;
}

export function Unreadable({ file, error, onRetry, onOther }: UnreadableProps) {
  const t = useWords();
  return (
    <Card>
      <Steps current="file" />
      <h2 className="import-file">{file.name}</h2>
      <ErrorState error={error} onRetry={onRetry} />
      <div className="import-actions">
        <Button onClick={onOther}>{t.otherFile}</Button>
      </div>
    </Card>
  );
}
