import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { call } from '../../api/client';
import { failure } from '../../api/failure';
import { ApiProblem } from '../../api/problem';
import { list, read } from '../../api/queries';
import { useLivePart } from '../../live/use-live';
import { useRows, useWrite } from '../../optimistic/use-optimistic';
import { Field, Select } from '../../ui/field';
import { Card, ErrorState, Skeleton } from '../../ui/layout';
import { useSearchParam } from '../../ui/url-state';
import type { Sender } from '../senders/sender';
import { AlertDestinations } from './alerts';
import { latestChanges, useAudit } from './audit';
import { OneSetting } from './one-setting';
import { type Scope, scopeOf } from './scope';
import { inOrder, labelOf, type Setting, SUBJECTS, subjectOf, type Value } from './setting';
import { type Refused, SettingDialog } from './setting-dialog';
import { useWords } from './words';

/** As a row that can be changed before the server has said so: the same name differs by scope. */
export type SettingItem = Setting & { readonly id: string };

export function Catalogue() {
  const t = useWords();
  const [chosen, choose] = useSearchParam('for');
  const scope = useMemo(() => scopeOf(chosen), [chosen]);
  const options = read('/api/settings', { query: scope.place });
  const settings = useQuery(options);
  const [open, setOpen] = useState<{ readonly name: string; readonly refused?: Refused } | null>(null);
  const change = useChanges(scope, options.queryKey, (name, refused) => setOpen({ name, refused }));
  const changes = useLatestChanges(scope);

  if (!settings.data) {
    return settings.isError ? (
      <ErrorState error={settings.error} onRetry={() => void settings.refetch()} />
    ) : (
      <Skeleton lines={3} height="12rem" />
    );
  }
  const shown = inOrder(settings.data.filter(({ scopes }) => scopes.includes(scope.name)));
  const edited = shown.find(({ name }) => name === open?.name);
  return (
    <div className="settings">
      <ScopeChoice chosen={chosen} onChoose={choose} />
      {SUBJECTS.map((subject) => {
        const rows = shown.filter((setting) => subjectOf(setting) === subject);
        return rows.length === 0 ? null : (
          <Card key={subject} title={t.subjects[subject].title}>
            <p className="muted small">{t.subjects[subject].text}</p>
            <ul className="setting-list">
              {rows.map((setting) => (
                <OneSetting
                  key={setting.name}
                  setting={{ ...setting, id: idOf(scope, setting) }}
                  scope={scope.name}
                  changed={changes.get(setting.name)}
                  onChange={() => setOpen({ name: setting.name })}
                  onReset={() => void change.reset(setting)}
                />
              ))}
            </ul>
          </Card>
        );
      })}
      {scope.name === 'global' && <AlertDestinations />}
      {edited && (
        <SettingDialog
          setting={edited}
          refused={open?.refused}
          onClose={() => setOpen(null)}
          onSave={(value, text) => {
            setOpen(null);
            void change.set(edited, value, text);
          }}
        />
      )}
    </div>
  );
}

const idOf = ({ place }: Scope, { name }: Setting): string =>
  `${place.sender_id ?? place.campaign_id ?? ''}/${name}`;

function useLatestChanges({ name, place }: Scope) {
  const about =
    name === 'global'
      ? { subject_type: 'setting' }
      : { subject_type: name, subject_id: place.sender_id ?? place.campaign_id };
  const { data } = useAudit(about);
  return useMemo(() => latestChanges(data?.pages.flatMap(({ items }) => items) ?? []), [data]);
}

/** Both ways to change a setting; `onRefused` gets back what was typed. */
function useChanges(
  scope: Scope,
  queryKey: readonly unknown[],
  onRefused: (name: string, refused: Refused) => void,
) {
  const t = useWords();
  const client = useQueryClient();
  const write = useWrite<SettingItem>('settings', { outdates: [['audit-log'], ['senders']] });
  // The list is no page of rows, so what was accepted is put into it here.
  const keep = (saved: Setting) =>
    client.setQueryData<readonly Setting[]>(queryKey, (all) =>
      all?.map((each) => (each.name === saved.name ? saved : each)),
    );

  const set = (setting: Setting, value: Value, text: string) =>
    write.update({
      ids: [idOf(scope, setting)],
      patch: (each) => ({ ...each, value, source: scope.name === 'global' ? 'stored' : scope.name }),
      request: async () => {
        try {
          const path = { name: setting.name };
          keep(await call('put', '/api/settings/{name}', { path, body: { value, ...scope.place } }));
        } catch (error) {
          if (error instanceof ApiProblem && !error.isPassing)
            onRefused(setting.name, { text, problem: failure(error) });
          throw error;
        }
      },
      failed: t.notSaved(labelOf(t, setting).label),
    });

  const reset = (setting: Setting) =>
    write.update({
      ids: [idOf(scope, setting)],
      patch: (each) => ({ ...each, value: each.default, source: 'default' }),
      request: async () => {
        const path = { name: setting.name };
        keep(await call('delete', '/api/settings/{name}', { path, query: scope.place }));
      },
      failed: t.notReset(labelOf(t, setting).label),
    });

  return { set, reset };
}

function ScopeChoice({ chosen, onChoose }: { chosen: string; onChoose: (chosen: string) => void }) {
  const t = useWords();
  const { rows: senders } = useRows<Sender>('senders', list('/api/senders', {}));
  const campaigns = useLivePart((live) => live.campaigns) ?? [];
  const options = [
    { value: '', label: t.everything },
    ...senders.map(({ id, name }) => ({ value: `sender:${id}`, label: t.ofSender(name) })),
    ...campaigns.map(({ id, name }) => ({ value: `campaign:${id}`, label: t.ofCampaign(name) })),
  ];
  return (
    <div className="setting-scope">
      <Field label={t.for} hint={chosen ? t.forOne : undefined}>
        <Select value={chosen} onChange={onChoose} options={options} />
      </Field>
    </div>
  );
}
