import { type ReactNode, useId } from 'react';

interface Choice {
  readonly value: string;
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  readonly disabled?: boolean;
}

interface ChoicesProps {
  label: string;
  choices: readonly Choice[];
  value: string;
  onChange: (value: string) => void;
}

/** One of several that need more words than an option of a list has room for. */
export function Choices({ label, choices, value, onChange }: ChoicesProps) {
  const name = useId();
  return (
    <fieldset className="choices">
      <legend>{label}</legend>
      {choices.map((choice) => (
        <label key={choice.value} className="choice">
          <input
            type="radio"
            name={name}
            checked={choice.value === value}
            disabled={choice.disabled}
            onChange={() => onChange(choice.value)}
          />
          <span>
            {choice.label}
            {choice.hint && <span className="field-hint">{choice.hint}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
