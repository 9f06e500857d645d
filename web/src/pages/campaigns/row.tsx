import { useState } from 'react';
import { CampaignBar, progressOf } from '../../campaigns/progress';
import { reasonText } from '../../campaigns/reasons';
import { dateTime, relative } from '../../i18n/format';
import { useCommon } from '../../i18n/words';
import { useLivePart } from '../../live/use-live';
import { Button } from '../../ui/button';
import { ConfirmDialog } from '../../ui/dialog';
import { Icon } from '../../ui/icon';
import { Link } from '../../ui/link';
import { Menu, type MenuItem } from '../../ui/menu';
import { useNow } from '../../ui/now';
import { StatusPill } from '../../ui/state';
import { type Campaign, hrefOf, isOnItsWay, kindOf, useCampaignActions } from './rows';
import { useWords } from './words';

export function CampaignRow({ campaign }: { campaign: Campaign }) {
  const { name, status } = campaign;
  const isThere = !isOnItsWay(campaign);
  return (
    <li className="campaign">
      <div className="campaign-what">
        <div className="campaign-title">
          {isThere ? (
            <Link href={hrefOf(campaign)} className="link campaign-name truncate">
              {name}
            </Link>
          ) : (
            <span className="campaign-name truncate">{name}</span>
          )}
          <StatusPill state={status} />
        </div>
        <When campaign={campaign} />
      </div>
      <HowFar campaign={campaign} />
      <div className="campaign-act">{isThere && <Actions campaign={campaign} />}</div>
    </li>
  );
}

function When({ campaign }: { campaign: Campaign }) {
  const t = useWords();
  const { reasons } = useCommon();
  const now = useNow();
  const { created_at, start_at, started_at, closed_at, start_problem } = campaign;
  if (start_problem)
    return (
      <p className="small campaign-problem">
        <Icon name="warning" />
        <span>
          {t.notStarted}
          <span className="hidden">: {reasonText(reasons, start_problem)}</span>
        </span>
      </p>
    );
  if (campaign.status === 'scheduled' && start_at)
    return <p className="muted small">{t.starts(dateTime(start_at))}</p>;
  const [at, words] = closed_at
    ? [closed_at, t.ended]
    : started_at
      ? [started_at, t.started]
      : [created_at, t.made];
  return (
    <p className="muted small" title={dateTime(at)}>
      {words(relative(at, now))}
    </p>
  );
}

function HowFar({ campaign }: { campaign: Campaign }) {
  const t = useWords();
  const live = useLivePart((each) => each.campaigns);
  const progress = progressOf(campaign, live);
  const { name, status, pause_scope: scope, interactions, failures } = campaign;
  if (progress.total === 0)
    return <p className="muted small campaign-far">{t.senders(campaign.sender_ids.length)}</p>;
  const held = status === 'paused' ? t.pausedFor[scope === 'all' ? 'all' : 'message_1'] : null;
  return (
    <div className="campaign-far">
      <CampaignBar name={name} progress={progress} words={t} />
      <p className="muted small campaign-numbers">
        <span>{t.finishedOf(progress.done, progress.total)}</span>
        {interactions > 0 && <span>{t.reactions(interactions)}</span>}
        {failures > 0 && <span className="campaign-failures">{t.failed(failures)}</span>}
        {held && <span>{held}</span>}
      </p>
    </div>
  );
}

function Actions({ campaign }: { campaign: Campaign }) {
  const t = useWords();
  const { resume, remove, duplicate } = useCampaignActions(t);
  const [isDeleting, setDeleting] = useState(false);
  const { id, name, status } = campaign;
  const kind = kindOf(campaign);
  const isEditable = kind === 'draft' || kind === 'scheduled';
  const items: MenuItem[] = [
    isEditable
      ? { label: t.edit, icon: 'edit', href: `/campaigns/${id}/edit` }
      : { label: t.open, icon: 'arrow', href: `/campaigns/${id}` },
    { label: t.duplicate, icon: 'copy', act: () => void duplicate(campaign) },
  ];
  if (status === 'draft')
    items.push({ label: t.delete, icon: 'trash', danger: true, apart: true, act: () => setDeleting(true) });
  return (
    <>
      {kind === 'paused' ? (
        <Button icon="play" onClick={() => void resume(campaign)}>
          {t.next.paused}
        </Button>
      ) : (
        <Link href={isEditable ? `/campaigns/${id}/edit?step=check` : `/campaigns/${id}`} as="plain">
          {t.next[kind]}
        </Link>
      )}
      <Menu label={t.actions(name)} items={items} className="button button-quiet button-icon">
        <Icon name="more" />
      </Menu>
      {isDeleting && (
        <ConfirmDialog
          danger
          title={t.deleteTitle}
          confirm={t.delete}
          onClose={() => setDeleting(false)}
          onConfirm={() => void remove(campaign)}
        >
          <p>{t.deleteExplained(name)}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
