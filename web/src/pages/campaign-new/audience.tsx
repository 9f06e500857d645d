import { useStore } from '../../store';
import { Field, TextInput } from '../../ui/field';
import { Card } from '../../ui/layout';
import { AudiencePreview } from './audience-preview';
import { CategoryChoice } from './category-choice';
import type { StepProps } from './editor';
import { gapsOf } from './form';
import { Radio } from './radio';
import { useWords } from './words';

export function AudienceStep({ keeper }: StepProps) {
  const t = useWords();
  const { form } = useStore(keeper.store);
  const isNameTooLong = gapsOf(form).some(({ field, kind }) => field === 'name' && kind === 'tooLong');
  return (
    <>
      <h2 tabIndex={-1}>{t.audienceTitle}</h2>
      <div className="editor-columns">
        <Card>
          <div className="stack">
            <Field label={t.name} hint={t.nameHint} error={isNameTooLong ? t.gaps.name.tooLong : undefined}>
              <TextInput value={form.name} onChange={(name) => keeper.change({ name })} autoComplete="off" />
            </Field>
            <fieldset className="stack">
              <legend className="editor-legend">{t.whom}</legend>
              <Radio
                name="whom"
                label={t.byCategory}
                checked={!form.everyone}
                onChoose={() => keeper.change({ everyone: false })}
              />
              {!form.everyone && (
                <CategoryChoice
                  chosen={form.category_ids}
                  onChange={(category_ids) => keeper.change({ category_ids })}
                />
              )}
              <Radio
                name="whom"
                label={t.everyone}
                checked={form.everyone}
                onChoose={() => keeper.change({ everyone: true })}
              />
            </fieldset>
          </div>
        </Card>
        <AudiencePreview everyone={form.everyone} category_ids={form.category_ids} />
      </div>
    </>
  );
}
