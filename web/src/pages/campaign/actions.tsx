import { useState } from 'react';
import { navigate } from 'wouter/use-browser-location';
import { Button } from '../../ui/button';
import { Icon } from '../../ui/icon';
import { Menu, type MenuItem } from '../../ui/menu';
import { CancelDialog } from './cancel-dialog';
import { useChanges, useSteps } from './commands';
import { type Campaign, isClosed, isOpen } from './data';
import { PauseDialog } from './pause-dialog';
import { RenameDialog } from './rename-dialog';
import { TestDialog } from './test-dialog';
import { useWords } from './words';

type Asked = 'pause' | 'cancel' | 'rename' | 'test';

const resultsOf = (id: string): string => `/api/campaigns/${id}/results.csv?bom=true`;

export function Actions({ campaign }: { campaign: Campaign }) {
  const t = useWords();
  const { pause, resume, rename } = useChanges(campaign);
  const [asked, ask] = useState<Asked | null>(null);
  const close = () => ask(null);
  return (
    <>
      {campaign.status === 'running' && (
        <Button icon="pause" onClick={() => ask('pause')}>
          {t.pause}
        </Button>
      )}
      {campaign.status === 'paused' && (
        <Button kind="primary" icon="play" onClick={() => void resume()}>
          {t.resume}
        </Button>
      )}
      <Menu label={t.more} className="button button-plain button-icon" items={useItems(campaign, ask)}>
        <Icon name="more" />
      </Menu>
      {asked === 'pause' && (
        <PauseDialog campaign={campaign} onPause={(scope) => void pause(scope)} onClose={close} />
      )}
      {asked === 'cancel' && <CancelDialog campaign={campaign} onClose={close} />}
      {asked === 'rename' && (
        <RenameDialog name={campaign.name} onRename={(name) => void rename(name)} onClose={close} />
      )}
      {asked === 'test' && <TestDialog campaign={campaign} onClose={close} />}
    </>
  );
}

function useItems(campaign: Campaign, ask: (asked: Asked) => void): readonly MenuItem[] {
  const t = useWords();
  const { duplicate } = useSteps(campaign);
  const { id, status, started_at, workflow_url } = campaign;
  const items: readonly (MenuItem | false)[] = [
    status === 'paused' && { label: t.changePause, icon: 'pause', act: () => ask('pause') },
    status === 'scheduled' && { label: t.edit, icon: 'edit', href: `/campaigns/${id}/edit` },
    { label: t.rename, icon: 'edit', act: () => ask('rename') },
    { label: t.duplicate, icon: 'copy', act: () => void duplicate() },
    status !== 'paused' && { label: t.sendTest, icon: 'send', act: () => ask('test') },
    started_at !== null && {
      label: t.toMessages,
      icon: 'messages',
      act: () => navigate(`/messages?campaign=${id}`),
      apart: true,
    },
    started_at !== null && { label: t.results, icon: 'download', act: () => location.assign(resultsOf(id)) },
    started_at !== null &&
      workflow_url !== null && {
        label: t.workflow,
        icon: 'external',
        act: () => window.open(workflow_url, '_blank', 'noopener'),
      },
    (isOpen(campaign) || status === 'scheduled') && {
      label: t.cancel,
      icon: 'stop',
      danger: true,
      apart: true,
      act: () => ask('cancel'),
    },
  ];
  return items.filter(
    (item): item is MenuItem => item !== false && !(item.label === t.sendTest && isClosed(campaign)),
  );
}

export function ResultsLink({ id }: { id: string }) {
  const t = useWords();
  return (
    <a className="button button-plain" href={resultsOf(id)} download>
      <Icon name="download" />
      {t.resultsFile}
    </a>
  );
}
