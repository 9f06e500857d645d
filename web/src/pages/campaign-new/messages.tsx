import { useState } from 'react';
import { useStore } from '../../store';
import { Card } from '../../ui/layout';
import type { StepProps } from './editor';
import { gapsOf } from './form';
import { MessageEditor } from './message-editor';
import { PhonePreview } from './phone-preview';
import { variablesOf } from './template';
import { TestSend } from './test-send';
import { useAudience } from './use-audience';
import { usePreview } from './use-preview';
import { useWords } from './words';

export function MessagesStep({ keeper }: StepProps) {
  const t = useWords();
  const { form, id } = useStore(keeper.store);
  const people = useAudience(form).data?.sample ?? [];
  const [chosen, setChosen] = useState('');
  const person = people.find(({ id }) => id === chosen) ?? people[0];
  const preview = usePreview(form, person?.id);
  const known = Object.keys(preview.data?.variables ?? {});
  const used = [form.message_1, form.message_2].flatMap(variablesOf).filter(Boolean);
  const variables = [...new Set(['name', ...known, ...used])];
  return (
    <>
      <div>
        <h2 tabIndex={-1}>{t.messagesTitle}</h2>
        <p className="muted">{t.insertHint}</p>
      </div>
      <div className="editor-columns messages-columns">
        <div className="stack">
          {(['message_1', 'message_2'] as const).map((field) => (
            <MessageEditor
              key={field}
              field={field}
              value={form[field]}
              variables={variables}
              onChange={(text) => keeper.change({ [field]: text })}
            />
          ))}
        </div>
        <PhonePreview preview={preview} people={people} person={person} onPerson={setChosen} />
        <Card title={t.test}>
          <TestSend
            campaignId={id}
            flush={() => keeper.flush()}
            senderIds={form.sender_ids}
            isReady={gapsOf(form).length === 0}
          />
        </Card>
      </div>
    </>
  );
}
