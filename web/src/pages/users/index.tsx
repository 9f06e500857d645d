import { useState } from 'react';
import { list } from '../../api/queries';
import { useCommon } from '../../i18n/words';
import { useRows } from '../../optimistic/use-optimistic';
import { managesUsers, useMe } from '../../session/session';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { Card, Empty, ErrorState, PageHeader, Skeleton } from '../../ui/layout';
import { Menu } from '../../ui/menu';
import { SearchField } from '../../ui/search-field';
import { SecretDialog } from '../../ui/secret-dialog';
import { StatusPill, Time } from '../../ui/state';
import { type Column, Table } from '../../ui/table';
import { useSearchParam } from '../../ui/url-state';
import { useUserActions } from './actions';
import { type User, UserDialog } from './user-dialog';
import { useWords } from './words';

interface Asked {
  readonly what: 'reset' | 'remove';
  readonly user: User;
}

export default function UsersPage() {
  const t = useWords();
  if (managesUsers(useMe())) return <Users />;
  return (
    <>
      <PageHeader title={t.title} />
      <Empty icon="users" title={t.only}>
        {t.onlyExplained}
      </Empty>
    </>
  );
}

function Users() {
  const t = useWords();
  const [q] = useSearchParam('q');
  const users = useRows<User>('users', list('/api/users', { query: { q: q || undefined } }));
  const actions = useUserActions();
  const [asked, setAsked] = useState<Asked | null>(null);
  const columns = useColumns(actions.openEdit, setAsked);
  return (
    <>
      <PageHeader
        title={t.title}
        sub={t.sub}
        actions={
          <Button kind="primary" icon="plus" onClick={actions.openNew}>
            {t.add}
          </Button>
        }
      />
      <div className="stack">
        <div className="row">
          <SearchField label={t.search} />
        </div>
        {users.isError && users.rows.length === 0 ? (
          <ErrorState error={users.error} onRetry={() => void users.refetch()} />
        ) : users.isPending ? (
          <Skeleton lines={3} height="2.75rem" />
        ) : users.rows.length === 0 ? (
          <Empty icon="search" title={t.empty} />
        ) : (
          <Card flush>
            <Table label={t.title} columns={columns} rows={users.rows} rowKey={({ id }) => id} />
          </Card>
        )}
      </div>
      {actions.form && <UserDialog {...actions.form} onSave={actions.save} onClose={actions.close} />}
      {asked && <Confirm asked={asked} actions={actions} onClose={() => setAsked(null)} />}
      {actions.password && (
        <SecretDialog
          title={t.passwordOf(actions.password.user.name)}
          label={t.passwordLabel}
          secret={actions.password.one_time_password}
          words={t}
          onClose={actions.forgetPassword}
        >
          {t.passwordOnce}
        </SecretDialog>
      )}
    </>
  );
}

interface ConfirmProps {
  asked: Asked;
  actions: ReturnType<typeof useUserActions>;
  onClose: () => void;
}

function Confirm({ asked: { what, user }, actions, onClose }: ConfirmProps) {
  const t = useWords();
  return what === 'reset' ? (
    <ConfirmDialog
      title={t.resetTitle(user.name)}
      confirm={t.reset}
      onConfirm={() => actions.resetPassword(user)}
      onClose={onClose}
    >
      <p>{t.resetExplained}</p>
    </ConfirmDialog>
  ) : (
    <ConfirmDialog
      danger
      title={t.removeTitle(user.name)}
      confirm={t.removeConfirm}
      onConfirm={() => void actions.remove(user)}
      onClose={onClose}
    >
      <p>{t.removeExplained}</p>
    </ConfirmDialog>
  );
}

function useColumns(onEdit: (user: User) => void, onAsk: (asked: Asked) => void): readonly Column<User>[] {
  const t = useWords();
  const me = useMe();
  const languages: Readonly<Record<string, string>> = useCommon().languages;
  return [
    {
      id: 'name',
      label: t.name,
      cell: ({ id, name, must_change_password: waits }) => (
        <>
          <strong>{name}</strong>
          {id === me.id && <span className="muted"> · {t.you}</span>}
          {waits && <span className="field-hint">{t.waiting}</span>}
        </>
      ),
    },
    {
      id: 'role',
      label: t.role,
      cell: ({ role }) => <StatusPill state={t.roles[role]} tone={role === 'admin' ? 'neutral' : 'info'} />,
    },
    { id: 'language', label: t.language, minor: true, cell: ({ language }) => languages[language] ?? language },
    { id: 'since', label: t.since, minor: true, cell: ({ created_at: at }) => <Time at={at} /> },
    {
      id: 'actions',
      label: t.columnOfActions,
      numeric: true,
      cell: (user) => (
        <Menu
          label={t.actions(user.name)}
          className="button button-quiet button-icon button-small"
          items={[
            { label: t.edit, icon: 'edit', act: () => onEdit(user) },
            { label: t.reset, icon: 'refresh', act: () => onAsk({ what: 'reset', user }) },
            {
              label: t.remove,
              icon: 'trash',
              danger: true,
              apart: true,
              disabled: user.id === me.id,
              act: () => onAsk({ what: 'remove', user }),
            },
          ]}
        >
          <Icon name="more" />
        </Menu>
      ),
    },
  ];
}
