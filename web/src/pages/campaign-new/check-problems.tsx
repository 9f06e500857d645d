import { list } from '../../i18n/format';
import { Link } from '../../ui/link';
import { Notice } from '../../ui/notice';
import { phoneText } from '../../ui/state';
import { type Form, type Gap, stepOf } from './form';
import { hrefOf } from './step';
import { useAudience } from './use-audience';
import { usePreview } from './use-preview';
import { useSenders } from './use-senders';
import { useWords, type Words } from './words';

function wordsFor(t: Words, { field, kind }: Gap): string {
  const words = t.gaps as Readonly<Record<string, Readonly<Record<string, string>>>>;
  return words[field]?.[kind] ?? field;
}

/** What is missing, each with the way to its step. */
export function Problems({ gaps }: { gaps: readonly Gap[] }) {
  const t = useWords();
  if (gaps.length === 0) return null;
  return (
    <Notice tone="bad">
      <strong>{t.problems}</strong>
      <ul className="problems">
        {gaps.map((gap) => (
          <li key={gap.field + gap.kind}>
            {wordsFor(t, gap)} <Link href={hrefOf(stepOf(gap.field))}>{t.fix}</Link>
          </li>
        ))}
      </ul>
    </Notice>
  );
}

/** What may be meant so, but is worth a look before anybody is written to. */
export function Warnings({ form }: { form: Form }) {
  const t = useWords();
  const audience = useAudience(form).data;
  const example = audience?.sample[0];
  const preview = usePreview(form, example?.id).data;
  const senders = useSenders().filter(({ id, status }) => form.sender_ids.includes(id) && status !== 'active');
  const missing = [
    ...new Set([preview?.message_1, preview?.message_2].flatMap((each) => each?.missing_variables ?? [])),
  ];
  const found: { text: string; step: 'audience' | 'messages' | 'senders' }[] = [];
  if (audience?.audience.reached === 0)
    found.push({ text: `${t.nobody}. ${t.nobodyExplained}`, step: 'audience' });
  if (missing.length > 0 && example)
    found.push({
      text: t.warnings.missing(list(missing), example.name || phoneText(example.phone)),
      step: 'messages',
    });
  for (const { name } of senders) found.push({ text: t.warnings.sender(name), step: 'senders' });
  if (form.window_s !== null && form.max_age_s !== null && form.window_s >= form.max_age_s)
    found.push({ text: t.warnings.windowLonger, step: 'senders' });
  return (
    <>
      {found.map(({ text, step }) => (
        <Notice key={text} tone="warn" action={<Link href={hrefOf(step)}>{t.fix}</Link>}>
          {text}
        </Notice>
      ))}
    </>
  );
}
