import { useMemo } from 'react';
import type { Category } from '../../api/categories';
import { Icon } from '../../ui/icon';
import { Menu } from '../../ui/menu';
import { Badge, PhoneNumber, Time } from '../../ui/state';
import type { Column } from '../../ui/table';
import { type Contact, isArriving } from './contact';
import type { Open } from './opened';
import { WhatsappState } from './whatsapp-state';
import { useWords } from './words';

/** So many categories of a contact are shown by name. */
const NAMED = 2;

export function useColumns(categories: readonly Category[], open: Open): readonly Column<Contact>[] {
  const t = useWords();
  return useMemo(() => {
    const byId = new Map(categories.map((category) => [category.id, category]));
    return [
      {
        id: 'name',
        label: t.name,
        width: 'minmax(0, 1.3fr)',
        cell: (contact) => (
          <div className="contact-who">
            <span className="truncate contact-name">
              {contact.name ?? <span className="muted">{t.noName}</span>}
            </span>
            <span className="contact-phone-below muted small">
              <PhoneNumber value={contact.phone} />
            </span>
            {contact.opted_out && <span className="pill tone-warn">{t.optedOut}</span>}
          </div>
        ),
      },
      {
        id: 'phone',
        label: t.phone,
        width: '10.5rem',
        minor: true,
        cell: ({ phone }) => <PhoneNumber value={phone} />,
      },
      {
        id: 'categories',
        label: t.categories,
        width: 'minmax(0, 1.7fr)',
        minor: true,
        cell: ({ category_ids: ids }) => <Categories ids={ids} byId={byId} />,
      },
      {
        id: 'whatsapp',
        label: t.whatsapp,
        width: '9rem',
        minor: true,
        cell: ({ whatsapp }) => <WhatsappState state={whatsapp} />,
      },
      {
        id: 'created',
        label: t.added,
        width: '9.5rem',
        minor: true,
        cell: ({ created_at: at }) => (
          <span className="muted">
            <Time at={at} />
          </span>
        ),
      },
      {
        id: 'actions',
        label: t.actions,
        actions: true,
        cell: (contact) => (isArriving(contact) ? null : <RowMenu contact={contact} open={open} />),
      },
    ];
  }, [t, categories, open]);
}

function Categories({ ids, byId }: { ids: readonly string[]; byId: ReadonlyMap<string, Category> }) {
  const known = ids.flatMap((id) => byId.get(id) ?? []);
  return (
    <span className="contact-categories">
      {known.slice(0, NAMED).map(({ id, name, colour }) => (
        <Badge key={id} colour={colour}>
          <span className="truncate">{name}</span>
        </Badge>
      ))}
      {known.length > NAMED && (
        <span className="muted small" title={known.map(({ name }) => name).join('\n')}>
          +{known.length - NAMED}
        </span>
      )}
    </span>
  );
}

function RowMenu({ contact, open }: { contact: Contact; open: Open }) {
  const t = useWords();
  const whom = { count: 1, ids: new Set([contact.id]), filter: null };
  return (
    <Menu
      label={t.actionsOf(contact.name ?? contact.phone)}
      className="button button-quiet button-icon button-small"
      items={[
        { label: t.edit, icon: 'edit', act: () => open({ kind: 'form', contactId: contact.id }) },
        { label: t.addToCategory, icon: 'categories', act: () => open({ kind: 'category', whom, add: true }) },
        ...(contact.opted_out
          ? []
          : [{ label: t.optOut, icon: 'stop' as const, act: () => open({ kind: 'optOut', whom, contact }) }]),
        {
          label: t.remove,
          icon: 'trash',
          danger: true,
          apart: true,
          act: () => open({ kind: 'remove', whom, contact }),
        },
      ]}
    >
      <Icon name="more" />
    </Menu>
  );
}
