import type { UseQueryResult } from '@tanstack/react-query';
import type { Schemas } from '../../api/types';
import { list } from '../../i18n/format';
import { Button } from '../../ui/button';
import { Field, Select } from '../../ui/field';
import { Icon } from '../../ui/icon';
import { Card } from '../../ui/layout';
import { Notice } from '../../ui/notice';
import { phoneText } from '../../ui/state';
import { Marked } from './marked';
import { useWords } from './words';

type Person = Schemas['AudienceOut']['sample'][number];
type Rendered = Schemas['PreviewOut']['message_1'];

interface PreviewProps {
  preview: UseQueryResult<Schemas['PreviewOut']>;
  people: readonly Person[];
  person: Person | undefined;
  onPerson: (id: string) => void;
}

/** A chat, drawn simply, as one of those who will be reached sees it. */
export function PhonePreview({ preview, people, person, onPerson }: PreviewProps) {
  const t = useWords();
  const { data, isError, refetch } = preview;
  const nameOf = ({ name, phone }: Person) => (name ? `${name} · ${phoneText(phone)}` : phoneText(phone));
  return (
    <div className="preview">
      <Card title={t.preview}>
        <div className="stack">
          <Field label={t.previewFor}>
            <Select
              value={person?.id ?? ''}
              onChange={onPerson}
              options={
                people.length > 0
                  ? people.map((each) => ({ value: each.id, label: nameOf(each) }))
                  : [{ value: '', label: t.anybody }]
              }
            />
          </Field>
          {isError && !data && (
            <Notice tone="warn" action={<Button onClick={() => void refetch()}>{t.save.now}</Button>}>
              {t.notPreviewed}
            </Notice>
          )}
          <div className="chat" aria-live="polite">
            <Bubble label={t.message1} message={data?.message_1} />
            <p className="bubble bubble-theirs">
              <Icon name="messages" /> {t.theirReaction}
            </p>
            <Bubble label={t.message2} message={data?.message_2} />
          </div>
        </div>
      </Card>
    </div>
  );
}

function Bubble({ label, message }: { label: string; message: Rendered | undefined }) {
  const t = useWords();
  const text = message?.text ?? '';
  const missing = message?.missing_variables ?? [];
  return (
    <>
      <div className={`bubble${text.trim() ? '' : ' bubble-empty'}`}>
        <span className="bubble-label">{label}</span>
        {text.trim() ? <Marked text={text} /> : <p>{t.noMessageYet}</p>}
      </div>
      {missing.length > 0 && (
        <p className="bubble-missing small">
          <Icon name="warning" /> {t.missing(list(missing))}
        </p>
      )}
    </>
  );
}
