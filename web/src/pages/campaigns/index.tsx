import './style.css';
import { list } from '../../api/queries';
import { keptDraft } from '../../campaigns/kept-draft';
import { useRows } from '../../optimistic/use-optimistic';
import { useMe } from '../../session/session';
import { Card, Empty, ErrorState, PageHeader, Skeleton } from '../../ui/layout';
import { Link } from '../../ui/link';
import { ShowMore } from '../../ui/more';
import { Notice } from '../../ui/notice';
import { SearchField } from '../../ui/search-field';
import { Tabs } from '../../ui/tabs';
import { useSearchParam } from '../../ui/url-state';
import { CampaignRow } from './row';
import { type Campaign, TABS, type TabName } from './rows';
import { useWords } from './words';

export default function CampaignsPage() {
  const t = useWords();
  const [status, setStatus] = useSearchParam('status');
  const tab = status in TABS ? (status as TabName) : 'all';
  return (
    <>
      <PageHeader title={t.title} actions={<NewCampaign />} />
      <Begun />
      <div className="campaigns-tools">
        <SearchField label={t.search} />
      </div>
      <Tabs
        label={t.status}
        tabs={Object.entries(t.tabs).map(([id, label]) => ({ id, label }))}
        current={tab}
        onChange={(id) => setStatus(id === 'all' ? '' : id)}
      >
        <Campaigns tab={tab} />
      </Tabs>
    </>
  );
}

const NewCampaign = () => (
  <Link href="/campaigns/new" as="primary" icon="plus">
    {useWords().newCampaign}
  </Link>
);

/** What somebody typed that could not be stored yet. */
function Begun() {
  const t = useWords();
  const me = useMe();
  if (!keptDraft(me.id, null)) return null;
  return (
    <div className="campaigns-begun">
      <Notice
        action={
          <Link href="/campaigns/new" as="plain" icon="edit">
            {t.goOn}
          </Link>
        }
      >
        {t.begun}
      </Notice>
    </div>
  );
}

function Campaigns({ tab }: { tab: TabName }) {
  const t = useWords();
  const [q] = useSearchParam('q');
  const query = { status: TABS[tab], q: q || undefined };
  const campaigns = useRows<Campaign>('campaigns', list('/api/campaigns', { query }));
  const { rows, isError, isPending, error, refetch } = campaigns;
  if (isPending) return <Skeleton lines={5} height="4.25rem" />;
  if (isError && rows.length === 0) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (rows.length === 0) return <Nothing isFiltered={tab !== 'all' || q !== ''} />;
  return (
    <Card flush>
      <ul className="campaigns" aria-label={t.list}>
        {rows.map((campaign) => (
          <CampaignRow key={campaign.id} campaign={campaign} />
        ))}
      </ul>
      <ShowMore of={campaigns} className="campaigns-more" />
    </Card>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  const t = useWords();
  return isFiltered ? (
    <Empty
      icon="search"
      title={t.noneSuch}
      action={
        <Link href="/campaigns" as="plain">
          {t.showAll}
        </Link>
      }
    >
      {t.noneSuchExplained}
    </Empty>
  ) : (
    <Empty icon="campaigns" title={t.none} action={<NewCampaign />}>
      {t.noneExplained}
    </Empty>
  );
}
