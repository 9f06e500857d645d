import { useRef } from 'react';
import { Button } from '../../ui/button';
import { Field, TextArea } from '../../ui/field';
import { Card } from '../../ui/layout';
import { LONGEST_MESSAGE, lengthOf, templateFaults } from './template';
import { useWords } from './words';

const COUNT_FROM = LONGEST_MESSAGE * 0.9;

interface EditorProps {
  field: 'message_1' | 'message_2';
  value: string;
  variables: readonly string[];
  onChange: (text: string) => void;
}

export function MessageEditor({ field, value, variables, onChange }: EditorProps) {
  const t = useWords();
  const box = useRef<HTMLDivElement>(null);
  const label = field === 'message_1' ? t.message1 : t.message2;
  const hint = field === 'message_1' ? t.message1Hint : t.message2Hint;
  const fault = templateFaults(value).find((each) => each !== 'empty');
  const length = lengthOf(value);
  return (
    <Card>
      <div ref={box} className="message-editor">
        <Field label={label} hint={hint} error={fault && t.gaps[field][fault]}>
          <TextArea rows={5} value={value} onChange={onChange} />
        </Field>
        <div className="message-tools">
          <span className="muted small">{t.insert}</span>
          {variables.map((name) => (
            <Button
              key={name}
              size="small"
              label={t.insertName(name)}
              onClick={() => insert(box.current?.querySelector('textarea'), `{{${name}}}`)}
            >
              {name}
            </Button>
          ))}
          <span className="message-length muted small">
            {length < COUNT_FROM ? t.length(length) : t.lengthOf(length, LONGEST_MESSAGE)}
          </span>
        </div>
      </div>
    </Card>
  );
}

/** Where the cursor is, as if it was typed: so that Undo takes it back, which `setRangeText` would prevent. */
function insert(area: HTMLTextAreaElement | null | undefined, text: string): void {
  area?.focus();
  document.execCommand('insertText', false, text);
}
