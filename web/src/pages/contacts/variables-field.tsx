import { Button } from '../../ui/button';
import { newVariable, type Variable } from './contact';
import { useWords } from './words';

interface VariablesFieldProps {
  variables: readonly Variable[];
  error: string | undefined;
  onChange: (variables: readonly Variable[]) => void;
}

/** What messages may say of this contact alone, by name. */
export function VariablesField({ variables, error, onChange }: VariablesFieldProps) {
  const t = useWords();
  const change = (key: string, part: Partial<Variable>) =>
    onChange(variables.map((each) => (each.key === key ? { ...each, ...part } : each)));
  return (
    <fieldset className="field">
      <legend>
        {t.variables} <span className="muted">{t.optional}</span>
      </legend>
      <p className="field-hint">{t.variablesHint}</p>
      {variables.map(({ key, name, value }) => (
        <div key={key} className="variable">
          <input
            className="input"
            aria-label={t.variableName}
            placeholder={t.variableName}
            maxLength={100}
            value={name}
            onInput={(event) => change(key, { name: event.currentTarget.value })}
          />
          <input
            className="input"
            aria-label={t.variableValue(name)}
            placeholder={t.value}
            maxLength={4000}
            value={value}
            onInput={(event) => change(key, { value: event.currentTarget.value })}
          />
          <Button
            kind="quiet"
            icon="trash"
            label={t.removeVariable(name)}
            onClick={() => onChange(variables.filter((each) => each.key !== key))}
          />
        </div>
      ))}
      {error && (
        <p className="field-error" role="alert">
          {error}
        </p>
      )}
      <div>
        <Button size="small" icon="plus" onClick={() => onChange([...variables, newVariable()])}>
          {t.addVariable}
        </Button>
      </div>
    </fieldset>
  );
}
