import { useState } from 'react';
import { Field, Select, TextInput } from '../../ui/field';
import { secondsOf, UNITS, type UnitName, unitFor } from './units';
import { useWords } from './words';

interface DurationProps {
  label: string;
  hint: string;
  error: string | undefined;
  /** `null`: as the settings say, which is `byDefault`. */
  value: number | null;
  byDefault: number | undefined;
  onChange: (seconds: number | null) => void;
}

/** A length of time as a number and a unit. */
export function DurationField({ label, hint, error, value, byDefault, onChange }: DurationProps) {
  const t = useWords();
  const [chosen, setChosen] = useState<UnitName | null>(null);
  const unit = chosen ?? unitFor(value ?? byDefault ?? 0);
  const inUnit = (seconds: number) => String(seconds / UNITS[unit]);
  return (
    <div className="duration">
      <Field label={label} hint={hint} error={error}>
        <TextInput
          type="number"
          min={0}
          step="any"
          inputMode="decimal"
          placeholder={byDefault === undefined ? undefined : inUnit(byDefault)}
          title={value === null ? t.asSettings : undefined}
          value={value === null ? '' : inUnit(value)}
          onChange={(text) => {
            setChosen(unit);
            onChange(text === '' ? null : secondsOf(Number(text), unit));
          }}
        />
      </Field>
      <Select
        aria-label={t.unitOf(label)}
        value={unit}
        onChange={(next) => {
          setChosen(next as UnitName);
          if (value !== null) onChange(secondsOf(value / UNITS[unit], next as UnitName));
        }}
        options={Object.keys(UNITS).map((name) => ({ value: name, label: t.units[name as UnitName] }))}
      />
    </div>
  );
}
