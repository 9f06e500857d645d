import { type FormEvent, useId, useState } from 'react';
import { useCommon } from '../../i18n/words';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Field, TextInput } from '../../ui/field';
import { useWords } from './words';

const LONGEST = 200;

interface RenameDialogProps {
  name: string;
  onRename: (name: string) => void;
  onClose: () => void;
}

export function RenameDialog({ name, onRename, onClose }: RenameDialogProps) {
  const t = useWords();
  const common = useCommon();
  const form = useId();
  const [text, setText] = useState(name);

  function save(event: FormEvent) {
    event.preventDefault();
    const wanted = text.trim();
    if (wanted && wanted !== name) onRename(wanted);
    onClose();
  }

  return (
    <Dialog
      title={t.renameTitle}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{common.keep}</Button>
          <Button kind="primary" type="submit" form={form} disabled={!text.trim()}>
            {t.save}
          </Button>
        </>
      }
    >
      <form id={form} onSubmit={save}>
        <Field label={t.name}>
          <TextInput value={text} onChange={setText} maxLength={LONGEST} required autoFocus />
        </Field>
      </form>
    </Dialog>
  );
}
