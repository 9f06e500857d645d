import { type FormEvent, useId, useState } from 'react';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Field, Select, TextInput } from '../../ui/field';
import { Notice } from '../../ui/notice';
import {
  effectOf,
  fromText,
  inWords,
  kindOf,
  labelOf,
  limitsOf,
  type Setting,
  toText,
  unitOf,
  type Value,
} from './setting';
import { useWords } from './words';

/** What was typed before the API refused it, and why it did. */
export interface Refused {
  readonly text: string;
  readonly problem: string;
}

interface DialogProps {
  setting: Setting;
  refused?: Refused | undefined;
  onSave: (value: Value, text: string) => void;
  onClose: () => void;
}

export function SettingDialog({ setting, refused, onSave, onClose }: DialogProps) {
  const t = useWords();
  const form = useId();
  const { label, help } = labelOf(t, setting);
  const [text, setText] = useState(refused?.text ?? toText(setting));
  const [problem, setProblem] = useState(refused?.problem);
  const hint = [limitsOf(t, setting), t.builtIn(inWords(t, setting, setting.default))].join(' ').trim();

  function save(event: FormEvent) {
    event.preventDefault();
    const typed = fromText(t, setting, text);
    if ('problem' in typed) setProblem(typed.problem);
    else onSave(typed.value, text);
  }

  return (
    <Dialog
      title={label}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t.cancel}</Button>
          <button type="submit" form={form} className="button button-primary">
            {t.save}
          </button>
        </>
      }
    >
      <form id={form} className="stack" onSubmit={save} noValidate>
        <p className="muted">{help}</p>
        <Field label={label} hint={hint} error={problem}>
          <ValueInput setting={setting} text={text} onChange={setText} />
        </Field>
        <Notice>{effectOf(t, setting)}</Notice>
      </form>
    </Dialog>
  );
}

interface InputProps {
  setting: Setting;
  text: string;
  onChange: (text: string) => void;
}

function ValueInput({ setting, text, onChange }: InputProps) {
  const t = useWords();
  switch (kindOf(setting)) {
    case 'choice':
      return (
        <Select
          value={text}
          onChange={onChange}
          options={(setting.choices ?? []).map((value) => ({ value, label: inWords(t, setting, value) }))}
        />
      );
    case 'time':
      return <TextInput type="time" value={text} onChange={onChange} autoFocus />;
    case 'zone':
      return (
        <>
          <TextInput list="zones" value={text} onChange={onChange} autoFocus />
          <datalist id="zones">
            {Intl.supportedValuesOf('timeZone').map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
        </>
      );
    case 'number':
      return <NumberInput setting={setting} text={text} onChange={onChange} />;
  }
}

function NumberInput({ setting, text, onChange }: InputProps) {
  const t = useWords();
  const { name } = unitOf(setting);
  const units: Readonly<Record<string, string>> = t.units;
  return (
    <div className="setting-number">
      <TextInput inputMode="decimal" autoComplete="off" value={text} onChange={onChange} autoFocus />
      <span className="muted">{units[name] ?? name}</span>
    </div>
  );
}
