import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Category } from '../../api/categories';
import { call } from '../../api/client';
import { ApiProblem } from '../../api/problem';
import { ConfirmDialog } from '../../ui/dialog';
import { Checkbox, Field, Select, TextInput } from '../../ui/field';
import { Link } from '../../ui/link';
import { onlyCategory } from './filters';
import type { Who } from './opened';
import type { Act } from './use-bulk';
import type { Chosen } from './use-selection';
import { useWords } from './words';

/** The API takes no shorter one. */
export const SHORTEST_REASON = 3;

interface CategoryDialogProps {
  whom: Chosen;
  add: boolean;
  categories: readonly Category[];
  act: Act;
  onClose: () => void;
}

export function CategoryDialog({ whom, add, categories, act, onClose }: CategoryDialogProps) {
  const t = useWords();
  const [id, setId] = useState((!add && whom.filter?.category_id) || categories[0]?.id || '');
  const title = add ? t.addToCategoryTitle(whom.count) : t.removeFromCategoryTitle(whom.count);
  return (
    <ConfirmDialog
      title={title}
      confirm={add ? t.addToCategoryConfirm : t.removeFromCategoryConfirm}
      onConfirm={async () => {
        if (id) await act(whom, { action: add ? 'add_to_category' : 'remove_from_category', category_id: id });
      }}
      onClose={onClose}
    >
      {categories.length ? (
        <Field label={t.category} hint={add ? undefined : t.removeFromCategoryHint}>
          <Select
            value={id}
            onChange={setId}
            options={categories.map(({ id: value, name }) => ({ value, label: name }))}
          />
        </Field>
      ) : (
        <p>
          {t.noCategories} <Link href="/categories">{t.toCategories}</Link>
        </p>
      )}
    </ConfirmDialog>
  );
}

interface CheckDialogProps {
  whom: Chosen;
  onDone: () => void;
  onClose: () => void;
}

/** The answers come one by one: how far it is, is shown above the list. */
export function CheckDialog({ whom, onDone, onClose }: CheckDialogProps) {
  const t = useWords();
  const client = useQueryClient();
  const [recheck, setRecheck] = useState(false);
  async function check() {
    const category_id = whom.filter && onlyCategory(whom.filter);
    await call('post', '/api/number-checks', {
      body: { recheck, ...(category_id ? { category_id } : { contact_ids: [...whom.ids] }) },
    });
    onDone();
    void client.invalidateQueries({ queryKey: ['number-checks'] });
  }
  return (
    <ConfirmDialog
      title={t.checkTitle(whom.count)}
      confirm={t.checkConfirm}
      onConfirm={check}
      onClose={onClose}
    >
      <p>{t.checkText}</p>
      <Checkbox label={t.recheck} checked={recheck} onChange={setRecheck} />
    </ConfirmDialog>
  );
}

interface OptOutDialogProps {
  whom: Chosen;
  contact?: Who;
  act: Act;
  onClose: () => void;
}

export function OptOutDialog({ whom, contact, act, onClose }: OptOutDialogProps) {
  const t = useWords();
  const [reason, setReason] = useState('');
  const given = reason.trim();

  async function optOut() {
    if (given && given.length < SHORTEST_REASON) throw new ApiProblem('answer', 422, t.reasonShort, '');
    await act(whom, { action: 'opt_out', ...(given && { reason: given }) });
  }
  return (
    <ConfirmDialog
      title={contact ? t.optOutOneTitle(contact.name ?? contact.phone) : t.optOutTitle(whom.count)}
      confirm={t.optOutConfirm}
      danger
      onConfirm={optOut}
      onClose={onClose}
    >
      <p>{t.optOutText}</p>
      <Field label={t.reason} optional={t.optional}>
        <TextInput value={reason} onChange={setReason} placeholder={t.reasonPlaceholder} maxLength={500} />
      </Field>
    </ConfirmDialog>
  );
}

interface RemoveDialogProps extends OptOutDialogProps {
  onRemoveOne: (contact: Who) => void;
}

export function RemoveDialog({ whom, contact, act, onRemoveOne, onClose }: RemoveDialogProps) {
  const t = useWords();
  return (
    <ConfirmDialog
      title={contact ? t.removeOneTitle(contact.name ?? contact.phone) : t.removeTitle(whom.count)}
      confirm={t.removeConfirm(whom.count)}
      danger
      onConfirm={() => (contact ? onRemoveOne(contact) : act(whom, { action: 'delete' }))}
      onClose={onClose}
    >
      <p>{t.removeText}</p>
    </ConfirmDialog>
  );
}
