import './style.css';
import { useEffect } from 'react';
import { navigate } from 'wouter/use-browser-location';
import { dateTime } from '../../i18n/format';
import type { PageProps } from '../../pages';
import { ErrorState, PageHeader, Skeleton } from '../../ui/layout';
import { Link } from '../../ui/link';
import { Notice } from '../../ui/notice';
import { StatusPill } from '../../ui/state';
import { Tabs } from '../../ui/tabs';
import { useSearchParam } from '../../ui/url-state';
import { Actions } from './actions';
import { Contacts } from './contacts';
import { type Campaign, useCampaign, useStatistics } from './data';
import { CampaignOverview } from './overview';
import { Senders } from './senders';
import { useWords } from './words';

const TABS = ['overview', 'contacts', 'senders'] as const;

export default function CampaignPage({ params }: PageProps) {
  const id = params['id'] ?? '';
  const { campaign, error, refetch } = useCampaign(id);
  if (campaign?.status === 'draft') return <ToWizard id={id} />;
  if (campaign) return <Shown key={id} campaign={campaign} />;
  return <NotYet error={error} onRetry={() => void refetch()} />;
}

function NotYet({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const t = useWords();
  return (
    <>
      <PageHeader title={t.title} />
      {error ? (
        <>
          <ErrorState error={error} onRetry={onRetry} />
          <p className="campaign-back">
            <Link href="/campaigns">{t.toList}</Link>
          </p>
        </>
      ) : (
        <Skeleton lines={3} height="9rem" />
      )}
    </>
  );
}

/** What has not started is made ready in its wizard. */
function ToWizard({ id }: { id: string }) {
  const t = useWords();
  useEffect(() => navigate(`/campaigns/${id}/edit`, { replace: true }), [id]);
  return <PageHeader title={t.title} />;
}

function Shown({ campaign }: { campaign: Campaign }) {
  const t = useWords();
  const [chosen, choose] = useSearchParam('tab');
  const statistics = useStatistics(campaign.id);
  const tab = TABS.find((each) => each === chosen) ?? 'overview';
  const shown = statistics.data;
  return (
    <>
      <PageHeader
        title={campaign.name}
        sub={<Sub campaign={campaign} />}
        actions={<Actions campaign={campaign} />}
      />
      <Paused campaign={campaign} />
      <Tabs
        label={t.parts}
        tabs={TABS.map((each) => ({ id: each, label: t.tabs[each] }))}
        current={tab}
        onChange={(to) => choose(to === 'overview' ? '' : to)}
      >
        {shown && tab === 'overview' && <CampaignOverview campaign={campaign} statistics={shown} />}
        {shown && tab === 'contacts' && <Contacts campaign={campaign} statistics={shown} />}
        {tab === 'senders' && <Senders campaign={campaign} />}
        {!shown &&
          tab !== 'senders' &&
          (statistics.isError ? (
            <ErrorState error={statistics.error} onRetry={() => void statistics.refetch()} />
          ) : (
            <Skeleton lines={3} height="9rem" />
          ))}
      </Tabs>
    </>
  );
}

function Sub({ campaign: { status, started_at, start_at, closed_at } }: { campaign: Campaign }) {
  const t = useWords();
  return (
    <span className="row campaign-sub">
      <StatusPill state={status} />
      {closed_at ? (
        <span>{t.closedAt(dateTime(closed_at))}</span>
      ) : started_at ? (
        <span>{t.startedAt(dateTime(started_at))}</span>
      ) : (
        start_at && <span>{t.startsAt(dateTime(start_at))}</span>
      )}
    </span>
  );
}

function Paused({ campaign }: { campaign: Campaign }) {
  const t = useWords();
  if (campaign.status !== 'paused') return null;
  const { pending = 0 } = campaign.counts.contacts_by_state;
  return (
    <div className="campaign-paused">
      <Notice tone="warn">
        {campaign.pause_scope === 'all' ? t.pausedAll : t.pausedFirst} {pending > 0 && t.pausedCount(pending)}
      </Notice>
    </div>
  );
}
