import { Daily } from './daily';
import { type Campaign, isClosed, type Statistics } from './data';
import { Funnel } from './funnel';
import { ReplyTimes } from './reply-times';
import { Report } from './report';
import { Scheduled } from './scheduled';
import { States } from './states';
import { Texts } from './texts';
import { TimeLeft } from './time-left';

/** Everything at a glance: how far, how long still, what came of it. */
export function CampaignOverview({ campaign, statistics }: { campaign: Campaign; statistics: Statistics }) {
  const { id, started_at: startedAt, start_at: startAt } = campaign;
  const hasBegun = startedAt !== null;
  return (
    <div className="campaign-columns">
      <div className="stack">
        {isClosed(campaign) && <Report campaign={campaign} statistics={statistics} />}
        {campaign.status === 'scheduled' && startAt && <Scheduled campaign={campaign} startAt={startAt} />}
        {hasBegun && <Funnel id={id} statistics={statistics} />}
        {hasBegun && <Daily campaign={campaign} startedAt={startedAt} />}
        {hasBegun && <ReplyTimes statistics={statistics} />}
      </div>
      <div className="stack">
        {hasBegun && !isClosed(campaign) && <TimeLeft campaign={campaign} statistics={statistics} />}
        {hasBegun && <States id={id} statistics={statistics} />}
        <Texts campaign={campaign} />
      </div>
    </div>
  );
}
