import { dateTime } from '../../i18n/format';
import { finished, type LiveCampaign } from '../../live/apply';
import { Card, Empty } from '../../ui/layout';
import { Link } from '../../ui/link';
import { PartsBar } from '../../ui/progress';
import { StatusPill } from '../../ui/state';
import { useWords } from './words';

const SHOWN = new Set(['running', 'paused', 'scheduled', 'completed', 'cancelled']);

/** What runs now, and for a minute what has just ended. */
export function Running({ campaigns }: { campaigns: readonly LiveCampaign[] }) {
  const t = useWords();
  const shown = campaigns.filter(({ status }) => SHOWN.has(status));
  return (
    <Card title={t.running}>
      {shown.length === 0 ? (
        <Empty icon="campaigns" title={t.noneRunning}>
          {t.noneRunningExplained}
        </Empty>
      ) : (
        <ul className="running">
          {shown.map((campaign) => (
            <RunningCampaign key={campaign.id} campaign={campaign} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function RunningCampaign({ campaign }: { campaign: LiveCampaign }) {
  const t = useWords();
  const { id, name, status, start_at, total_contacts: total, pending, waiting } = campaign;
  return (
    <li>
      <div className="row spread">
        <Link href={`/campaigns/${id}`} className="link truncate running-name">
          {name}
        </Link>
        <StatusPill state={status} />
      </div>
      {start_at && status === 'scheduled' ? (
        <p className="muted small">{t.starts(dateTime(start_at))}</p>
      ) : (
        <>
          <PartsBar
            label={t.progress(name)}
            total={total}
            parts={[
              { label: t.done, value: finished(campaign), shade: 1 },
              { label: t.waiting, value: waiting, shade: 2 },
            ]}
          />
          <p className="row muted small running-numbers">
            <span>{t.contacted(total - pending, total)}</span>
            <span>{t.reacted(campaign.interactions)}</span>
            <span>{t.followedUp(campaign.messages_2_sent)}</span>
          </p>
        </>
      )}
    </li>
  );
}
