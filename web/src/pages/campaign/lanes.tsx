import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { time } from '../../i18n/format';
import type { LiveSender } from '../../live/apply';
import { useLivePart } from '../../live/use-live';
import { every, inWords } from '../../senders/reasons';
import { Card, Empty, ErrorState, Skeleton } from '../../ui/layout';
import { useNow } from '../../ui/now';
import { Progress } from '../../ui/progress';
import { StatusPill } from '../../ui/state';
import { useWords as useSenderWords } from '../senders/words';
import { type Campaign, isOpen, placeOf } from './data';
import { useWords } from './words';

/** What comes sooner is not worth saying. */
const SOON_MS = 60_000;

export function Lanes({ campaign }: { campaign: Campaign }) {
  const t = useWords();
  const lanes = useQuery(read('/api/campaigns/{campaign_id}/lanes', placeOf(campaign.id)));
  const senders = useLivePart((live) => live.senders);
  return (
    <Card title={t.lanes}>
      {lanes.data ? (
        lanes.data.some(({ contacts }) => contacts > 0) ? (
          <ul className="lanes">
            {lanes.data.map((lane) => (
              <Lane
                key={lane.sender_id}
                lane={lane}
                sender={isOpen(campaign) ? senders?.find(({ id }) => id === lane.sender_id) : undefined}
              />
            ))}
          </ul>
        ) : (
          <Empty icon="senders" title={t.noLanes} />
        )
      ) : lanes.isError ? (
        <ErrorState error={lanes.error} onRetry={() => void lanes.refetch()} />
      ) : (
        <Skeleton lines={2} height="4.5rem" />
      )}
    </Card>
  );
}

/** `sender` says what it does now, while the campaign is open. */
function Lane({ lane, sender }: { lane: Schemas['LaneProgress']; sender: LiveSender | undefined }) {
  const t = useWords();
  const pace = useSenderWords();
  const state = sender && (sender.status === 'active' ? sender.state : sender.status);
  const delay = sender?.delay_s;
  const now = useNow();
  const next = lane.next_message_1_at;
  return (
    <li className="lane">
      <div className="row spread">
        <strong className="truncate">{lane.sender_name}</strong>
        {state && <StatusPill state={state} />}
      </div>
      <Progress
        label={t.laneProgress(lane.sender_name)}
        value={lane.contacts_started}
        max={lane.contacts}
        text={t.laneContacts(lane.contacts_started, lane.contacts)}
      />
      <p className="row muted small lane-facts">
        <span>{t.laneContacts(lane.contacts_started, lane.contacts)}</span>
        <span>{t.laneBatches(lane.batches_started, lane.batches)}</span>
        {state === 'sending' && delay ? <span>{every(pace.reasons, delay)}</span> : null}
        {sender && next && Date.parse(next) - now > SOON_MS && <span>{t.nextAt(time(next))}</span>}
      </p>
      {sender?.reason && state !== 'sending' && <p className="small">{inWords(pace, sender.reason)}</p>}
    </li>
  );
}
