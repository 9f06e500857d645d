import './style.css';
import { managesUsers, useMe } from '../../session/session';
import { PageHeader } from '../../ui/layout';
import { Tabs } from '../../ui/tabs';
import { useSearchParam } from '../../ui/url-state';
import { ApiKeys } from '../profile/api-keys';
import { Catalogue } from './catalogue';
import { Log } from './log';
import { useWords } from './words';

export default function SettingsPage() {
  const t = useWords();
  const me = useMe();
  const [tab, choose] = useSearchParam('tab');
  const names = managesUsers(me) ? (['settings', 'audit', 'keys'] as const) : (['settings', 'audit'] as const);
  const current = names.find((name) => name === tab) ?? 'settings';
  return (
    <>
      <PageHeader title={t.title} sub={t.sub} />
      <Tabs
        label={t.title}
        tabs={names.map((id) => ({ id, label: t.tabs[id] }))}
        current={current}
        onChange={(id) => choose(id === 'settings' ? '' : id)}
      >
        {current === 'settings' ? <Catalogue /> : current === 'audit' ? <Log /> : <ApiKeys everybody />}
      </Tabs>
    </>
  );
}
