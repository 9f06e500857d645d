import './style.css';
import { useState } from 'react';
import { call } from '../../api/client';
import { ApiProblem } from '../../api/problem';
import { list } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { date, relative } from '../../i18n/format';
import { useRows, useWrite } from '../../optimistic/use-optimistic';
import { useMe } from '../../session/session';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { Card, Empty, ErrorState, Skeleton } from '../../ui/layout';
import { SecretDialog } from '../../ui/secret-dialog';
import { Badge, Time } from '../../ui/state';
import { type Column, Table } from '../../ui/table';
import { endOf, type KeyDraft, type KeyProblems, NewKeyDialog } from './new-key';
import { useWords } from './words';

type ApiKey = Schemas['ApiKeyOut'];

interface Open {
  readonly typed?: { readonly draft: KeyDraft; readonly problems: KeyProblems };
}

/** One's own keys; who manages users can see those of everybody. */
export function ApiKeys({ everybody }: { everybody?: boolean }) {
  const t = useWords();
  const me = useMe();
  const keys = useRows<ApiKey>(
    'api-keys',
    list('/api/api-keys', { query: everybody ? {} : { owner_id: me.id } }),
  );
  const { form, setForm, made, setMade, make, revoke } = useKeyActions();
  const [leaving, setLeaving] = useState<ApiKey | null>(null);
  const columns = useColumns(everybody === true, setLeaving);
  return (
    <>
      <Card
        flush
        title={everybody ? t.everyKey : t.keys}
        actions={
          !everybody && (
            <Button size="small" icon="plus" onClick={() => setForm({})}>
              {t.newKey}
            </Button>
          )
        }
      >
        <p className="muted keys-text">{everybody ? t.everyKeyText : t.keysText}</p>
        {keys.isError && keys.rows.length === 0 ? (
          <ErrorState error={keys.error} onRetry={() => void keys.refetch()} />
        ) : keys.isPending ? (
          <Skeleton lines={2} height="2.75rem" />
        ) : keys.rows.length === 0 ? (
          <Empty icon="settings" title={t.noKeys}>
            {t.noKeysExplained}
          </Empty>
        ) : (
          <Table label={t.keys} columns={columns} rows={keys.rows} rowKey={({ id }) => id} />
        )}
      </Card>
      {form && (
        <NewKeyDialog typed={form.typed} onMake={(draft) => void make(draft)} onClose={() => setForm(null)} />
      )}
      {made && (
        <SecretDialog
          title={t.keyMade(made.api_key.name)}
          label={t.keyLabel}
          secret={made.token}
          words={t}
          onClose={() => setMade(null)}
        >
          {t.keyOnce}
        </SecretDialog>
      )}
      {leaving && (
        <ConfirmDialog
          danger
          title={t.revokeTitle(leaving.name)}
          confirm={t.revoke}
          onConfirm={() => void revoke(leaving)}
          onClose={() => setLeaving(null)}
        >
          <p>{t.revokeExplained}</p>
          <p className="muted">
            {leaving.last_used_at ? t.revokeUsed(relative(leaving.last_used_at)) : t.revokeUnused}
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}

function useKeyActions() {
  const t = useWords();
  const me = useMe();
  const write = useWrite<ApiKey>('api-keys', { outdates: [['audit-log']] });
  const [form, setForm] = useState<Open | null>(null);
  const [made, setMade] = useState<Schemas['NewApiKeyOut'] | null>(null);

  async function make(draft: KeyDraft) {
    setForm(null);
    const body = { name: draft.name.trim(), scopes: draft.scopes, expires_at: endOf(draft.until) };
    const item: ApiKey = {
      ...body,
      id: crypto.randomUUID(),
      owner_id: me.id,
      owner_name: me.name,
      created_at: new Date().toISOString(),
      last_used_at: null,
    };
    const answer = await write.create({
      item,
      request: async () => {
        try {
          return await call('post', '/api/api-keys', { body });
        } catch (error) {
          if (error instanceof ApiProblem && !error.isPassing) {
            const problems = error.status === 409 ? { name: t.keyNameTaken } : {};
            setForm({ typed: { draft, problems } });
          }
          throw error;
        }
      },
      itemOf: ({ api_key: key }) => key,
      failed: t.notMade,
    });
    if (answer) setMade(answer);
  }

  const revoke = ({ id }: ApiKey) =>
    write.remove({
      ids: [id],
      request: () => call('delete', '/api/api-keys/{key_id}', { path: { key_id: id } }),
      failed: t.notRevoked,
    });

  return { form, setForm, made, setMade, make, revoke };
}

function useColumns(withOwner: boolean, onRevoke: (key: ApiKey) => void): readonly Column<ApiKey>[] {
  const t = useWords();
  const owner: Column<ApiKey> = {
    id: 'owner',
    label: t.owner,
    cell: ({ owner_name: name }) => name ?? t.machine,
  };
  return [
    { id: 'name', label: t.keyName, cell: ({ name }) => name },
    ...(withOwner ? [owner] : []),
    {
      id: 'scopes',
      label: t.scopes,
      cell: ({ scopes }) => (
        <span className="row key-badges">
          {scopes.map((scope) => (
            <Badge key={scope}>{t.scopeNames[scope]}</Badge>
          ))}
        </span>
      ),
    },
    {
      id: 'expires',
      label: t.expires,
      minor: true,
      cell: ({ expires_at: at }) => (at === null ? t.never : Date.parse(at) < Date.now() ? t.ended : date(at)),
    },
    {
      id: 'used',
      label: t.lastUsed,
      minor: true,
      cell: ({ last_used_at: at }) => (at === null ? t.neverUsed : <Time at={at} />),
    },
    {
      id: 'revoke',
      label: t.actions,
      numeric: true,
      cell: (key) => (
        <Button size="small" onClick={() => onRevoke(key)}>
          {t.revoke}
          <span className="hidden"> {key.name}</span>
        </Button>
      ),
    },
  ];
}
