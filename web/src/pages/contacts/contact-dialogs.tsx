import { useState } from 'react';
import type { Category } from '../../api/categories';
import { CategoryDialog, CheckDialog, OptOutDialog, RemoveDialog } from './bulk-dialogs';
import type { ContactValues } from './contact';
import { ContactForm, EditForm } from './contact-form';
import type { Open, Opened } from './opened';
import { useBulk } from './use-bulk';
import { useContactWrites } from './use-contact-writes';
import { useWords } from './words';

interface ContactDialogsProps {
  opened: Opened | null;
  open: Open;
  categories: readonly Category[];
  /** The action is under way: nobody is chosen any more. */
  onDone: () => void;
}

export function ContactDialogs({ opened, open, categories, onDone }: ContactDialogsProps) {
  const t = useWords();
  // What was typed for a new contact and not saved is there when the form is opened again.
  const [draft, setDraft] = useState<ContactValues | undefined>();
  const writes = useContactWrites((contact, values, problem) =>
    open({ kind: 'form', values, problem, ...(contact && { contactId: contact.id }) }),
  );
  const act = useBulk(writes.many, onDone);
  const close = () => open(null);

  switch (opened?.kind) {
    case 'form':
      if (opened.contactId)
        return (
          <EditForm
            key={opened.contactId}
            contactId={opened.contactId}
            values={opened.values}
            problem={opened.problem}
            categories={categories}
            onSave={(contact, values) => {
              close();
              void writes.change(contact, values);
            }}
            onClose={close}
          />
        );
      return (
        <ContactForm
          title={t.add}
          save={t.create}
          first={opened.values ?? draft}
          problem={opened.problem}
          categories={categories}
          onSave={(values) => {
            close();
            setDraft(undefined);
            void writes.add(values);
          }}
          onClose={(values) => {
            close();
            setDraft(values);
          }}
        />
      );
    case 'category':
      return <CategoryDialog {...opened} categories={categories} act={act} onClose={close} />;
    case 'check':
      return <CheckDialog whom={opened.whom} onDone={onDone} onClose={close} />;
    case 'optOut':
      return <OptOutDialog {...opened} act={act} onClose={close} />;
    case 'remove':
      return (
        <RemoveDialog
          {...opened}
          act={act}
          onRemoveOne={(contact) => void writes.remove(contact)}
          onClose={close}
        />
      );
    default:
      return null;
  }
}
