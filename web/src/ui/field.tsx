import { type ComponentProps, createContext, type ReactNode, useContext, useId } from 'react';

interface Marks {
  readonly id: string;
  readonly describedBy: string | undefined;
  readonly invalid: boolean;
}

const FieldContext = createContext<Marks | null>(null);

/** What ties an input to its label, its hint and its error; used by every input of the kit. */
function useMarks() {
  const marks = useContext(FieldContext);
  return marks
    ? { id: marks.id, 'aria-describedby': marks.describedBy, 'aria-invalid': marks.invalid || undefined }
    : {};
}

interface FieldProps {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  /** Says that it may stay empty. */
  optional?: string | undefined;
  children: ReactNode;
}

export function Field({ label, hint, error, optional, children }: FieldProps) {
  const id = useId();
  const hintId = `${id}-hint`;
  const errorId = `${id}-error`;
  const describedBy = [hint ? hintId : '', error ? errorId : ''].filter(Boolean).join(' ') || undefined;
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {optional && <span className="muted"> {optional}</span>}
      </label>
      <FieldContext value={{ id, describedBy, invalid: error !== undefined }}>{children}</FieldContext>
      {hint && (
        <p className="field-hint" id={hintId}>
          {hint}
        </p>
      )}
      {error && (
        <p className="field-error" id={errorId}>
          {error}
        </p>
      )}
    </div>
  );
}

type Typed<Tag extends 'input' | 'textarea' | 'select'> = Omit<ComponentProps<Tag>, 'onChange' | 'value'> & {
  value: string;
  onChange: (value: string) => void;
};

export function TextInput({ value, onChange, ...rest }: Typed<'input'>) {
  return (
    <input
      className="input"
      value={value}
      onInput={(event) => onChange(event.currentTarget.value)}
      {...useMarks()}
      {...rest}
    />
  );
}

export function TextArea({ value, onChange, ...rest }: Typed<'textarea'>) {
  return (
    <textarea
      className="input"
      rows={4}
      value={value}
      onInput={(event) => onChange(event.currentTarget.value)}
      {...useMarks()}
      {...rest}
    />
  );
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

export function Select({
  value,
  onChange,
  options,
  ...rest
}: Typed<'select'> & { options: readonly Option[] }) {
  return (
    <select
      className="input select"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      {...useMarks()}
      {...rest}
    >
      {options.map((option) => (
        <option key={option.value} value={option.value}>
          {option.label}
        </option>
      ))}
    </select>
  );
}

interface ToggleProps {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
  hint?: ReactNode;
  disabled?: boolean;
  /** Some of what it stands for is chosen, not all. */
  mixed?: boolean;
  /** Only for screen readers. */
  hideLabel?: boolean;
}

export function Checkbox({ label, checked, onChange, hint, disabled, mixed, hideLabel }: ToggleProps) {
  return (
    <label className="toggle">
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        ref={(box) => {
          if (box) box.indeterminate = mixed ?? false;
        }}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span className={hideLabel ? 'hidden' : undefined}>
        {label}
        {hint && <span className="field-hint">{hint}</span>}
      </span>
    </label>
  );
}
