import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import { duration } from '../../i18n/format';
import { Field, TextInput } from '../../ui/field';
import { Card } from '../../ui/layout';
import { DurationField } from './duration-field';
import { type FieldName, type Form, gapsOf } from './form';
import { useWords } from './words';

const TIMES = ['window_s', 'max_age_s', 'grace_s', 'batch_pause_s'] as const;
type TimeName = (typeof TIMES)[number];

/** What the settings say where a campaign does not. */
function useDefaults(): (name: FieldName) => number | undefined {
  const { data } = useQuery(read('/api/settings', {}));
  return (name) => Number(data?.find((setting) => setting.name === name)?.value ?? Number.NaN) || undefined;
}

export function Advanced({ form, onChange }: { form: Form; onChange: (change: Partial<Form>) => void }) {
  const t = useWords();
  const byDefault = useDefaults();
  const wrong = new Set(gapsOf(form).map(({ field }) => field));
  const words: Record<TimeName, readonly [string, string]> = {
    window_s: [t.window, t.windowHint],
    max_age_s: [t.maxAge, t.maxAgeHint],
    grace_s: [t.grace, t.graceHint],
    batch_pause_s: [t.pause, t.pauseHint],
  };
  const now = (name: 'window_s' | 'max_age_s') => form[name] ?? byDefault(name);
  const [window, age] = [now('window_s'), now('max_age_s')];
  return (
    <Card>
      <details className="advanced" open={TIMES.some((name) => wrong.has(name)) || wrong.has('batch_size')}>
        <summary>
          <strong>{t.advanced}</strong>
          {window !== undefined && age !== undefined && (
            <span className="muted small">{t.advancedNow(duration(window), duration(age))}</span>
          )}
        </summary>
        <div className="advanced-fields">
          {TIMES.map((name) => (
            <DurationField
              key={name}
              label={words[name][0]}
              hint={words[name][1]}
              error={wrong.has(name) ? t.gaps[name].range : undefined}
              value={form[name]}
              byDefault={byDefault(name)}
              onChange={(seconds) => onChange({ [name]: seconds })}
            />
          ))}
          <Field
            label={t.batch}
            hint={t.batchHint}
            error={wrong.has('batch_size') ? t.gaps.batch_size.range : undefined}
          >
            <TextInput
              type="number"
              min={25}
              max={100}
              inputMode="numeric"
              placeholder={byDefault('batch_size')?.toString()}
              value={form.batch_size?.toString() ?? ''}
              onChange={(text) => onChange({ batch_size: text === '' ? null : Math.round(Number(text)) })}
            />
          </Field>
        </div>
      </details>
    </Card>
  );
}
