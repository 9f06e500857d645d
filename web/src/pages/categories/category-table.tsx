import { useMemo } from 'react';
import type { Category } from '../../api/categories';
import { number } from '../../i18n/format';
import { Icon } from '../../ui/icon';
import { Link } from '../../ui/link';
import { Menu } from '../../ui/menu';
import { Time } from '../../ui/state';
import { type Column, Table } from '../../ui/table';
import { useWords } from './words';

const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Those with these letters in their names, without regard to case and accents. */
export const matching = (categories: readonly Category[], q: string): readonly Category[] =>
  q ? categories.filter(({ name }) => plain(name).includes(plain(q.trim()))) : categories;

const contactsOf = (id: string) => `/contacts?category_id=${id}`;
const campaignFor = (id: string) => `/campaigns/new?category_id=${id}`;

interface CategoryTableProps {
  categories: readonly Category[];
  onEdit: (category: Category) => void;
  onRemove: (category: Category) => void;
}

export function CategoryTable({ categories, onEdit, onRemove }: CategoryTableProps) {
  const t = useWords();
  const columns = useMemo((): readonly Column<Category>[] => {
    const menuOf = (category: Category) => [
      { label: t.showContacts, icon: 'contacts' as const, href: contactsOf(category.id) },
      { label: t.newCampaign, icon: 'campaigns' as const, href: campaignFor(category.id) },
      { label: t.edit, icon: 'edit' as const, apart: true, act: () => onEdit(category) },
      { label: t.remove, icon: 'trash' as const, danger: true, act: () => onRemove(category) },
    ];
    return [
      {
        id: 'name',
        label: t.category,
        cell: ({ id, name, colour }) => (
          <span className="category-name">
            <span className="category-dot" style={{ background: colour }} />
            <Link href={contactsOf(id)} className="link">
              {name}
            </Link>
          </span>
        ),
      },
      {
        id: 'contacts',
        label: t.contactsColumn,
        numeric: true,
        cell: ({ contact_count: count }) => (count ? number(count) : <span className="muted">{t.nobody}</span>),
      },
      {
        id: 'created',
        label: t.createdColumn,
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
        cell: (category) => (
          <span className="category-actions">
            <Link href={campaignFor(category.id)} as="plain" size="small" icon="campaigns">
              {t.newCampaign}
            </Link>
            <Menu
              label={t.actionsOf(category.name)}
              items={menuOf(category)}
              className="button button-quiet button-icon button-small"
            >
              <Icon name="more" />
            </Menu>
          </span>
        ),
      },
    ];
  }, [t, onEdit, onRemove]);
  return <Table label={t.list} columns={columns} rows={categories} rowKey={({ id }) => id} />;
}
