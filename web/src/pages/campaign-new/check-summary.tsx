import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useCategories } from '../../api/categories';
import { read } from '../../api/queries';
import { duration, list } from '../../i18n/format';
import { Card } from '../../ui/layout';
import { Link } from '../../ui/link';
import type { Form, StepName } from './form';
import { hrefOf } from './step';
import { useAudience } from './use-audience';
import { useSenders } from './use-senders';
import { useWords } from './words';

/** Everything that was decided, each part with the way back to it. */
export function Summary({ form }: { form: Form }) {
  const t = useWords();
  const senders = useSenders().filter(({ id }) => form.sender_ids.includes(id));
  const settings = useQuery(read('/api/settings', {})).data;
  const now = (name: 'window_s' | 'max_age_s') =>
    form[name] ?? Number(settings?.find((setting) => setting.name === name)?.value);
  const [window, age] = [now('window_s'), now('max_age_s')];
  return (
    <Card>
      <dl className="summary">
        <Part step="audience" name={t.steps.audience}>
          <AudienceSummary form={form} />
        </Part>
        <Part step="messages" name={t.message1}>
          <p className="summary-text">{form.message_1 || t.noMessageYet}</p>
        </Part>
        <Part step="messages" name={t.message2}>
          <p className="summary-text">{form.message_2 || t.noMessageYet}</p>
        </Part>
        <Part step="senders" name={t.steps.senders}>
          <p>{senders.length > 0 ? list(senders.map(({ name }) => name)) : t.gaps.sender_ids.empty}</p>
          {window > 0 && age > 0 && (
            <p className="muted small">{t.sumWindow(duration(window), duration(age))}</p>
          )}
        </Part>
      </dl>
    </Card>
  );
}

function Part({ step, name, children }: { step: StepName; name: string; children: ReactNode }) {
  const t = useWords();
  return (
    <div className="summary-part">
      <dt>{name}</dt>
      <dd>{children}</dd>
      <dd>
        <Link href={hrefOf(step)}>
          {t.change}
          <span className="hidden"> ({name})</span>
        </Link>
      </dd>
    </div>
  );
}

function AudienceSummary({ form }: { form: Form }) {
  const t = useWords();
  const { rows } = useCategories();
  const counts = useAudience(form).data?.audience;
  const names = rows.filter(({ id }) => form.category_ids.includes(id)).map(({ name }) => name);
  const out = counts ? counts.opted_out + counts.not_on_whatsapp : 0;
  if (!form.everyone && form.category_ids.length === 0) return <p>{t.gaps.category_ids.empty}</p>;
  return (
    <>
      <p>{form.everyone ? t.allContacts : list(names)}</p>
      {counts && (
        <p className="muted small">
          <strong>{t.people(counts.reached)}</strong>
          {out > 0 && <> · {t.sumLeftOut(out)}</>}
        </p>
      )}
    </>
  );
}
