import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { Checkbox } from '../../ui/field';
import { Card, Empty, ErrorState, Skeleton } from '../../ui/layout';
import { Link } from '../../ui/link';
import { Progress } from '../../ui/progress';
import { PhoneNumber, StatusPill } from '../../ui/state';
import { type Sender, sendersQuery } from './use-senders';
import { useWords } from './words';

interface ChoiceProps {
  chosen: readonly string[];
  onChange: (ids: readonly string[]) => void;
}

export function SenderChoice({ chosen, onChange }: ChoiceProps) {
  const t = useWords();
  const { data, isError, error, refetch } = useQuery(sendersQuery);
  const room = useQuery(read('/api/monitoring/stats', {})).data?.senders;
  if (isError && !data) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (!data) return <Skeleton lines={3} height="5rem" />;
  if (data.items.length === 0)
    return (
      <Card>
        <Empty
          icon="senders"
          title={t.noSender}
          action={
            <Link href="/senders" as="plain">
              {t.addSender}
            </Link>
          }
        >
          {t.noSenderExplained}
        </Empty>
      </Card>
    );
  const toggle = (id: string) =>
    onChange(chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id]);
  return (
    <Card flush>
      <ul className="senders-choice">
        {data.items.map((sender) => (
          <li key={sender.id}>
            <SenderLine
              sender={sender}
              room={room?.find(({ id }) => id === sender.id)}
              isChosen={chosen.includes(sender.id)}
              onToggle={() => toggle(sender.id)}
            />
          </li>
        ))}
      </ul>
    </Card>
  );
}

interface LineProps {
  sender: Sender;
  room: Schemas['SenderRoomOut'] | undefined;
  isChosen: boolean;
  onToggle: () => void;
}

function SenderLine({ sender, room, isChosen, onToggle }: LineProps) {
  const t = useWords();
  const { id, name, phone, status, state, quota, sent_in_a_day: sent } = sender;
  return (
    <div className="sender-line">
      <Checkbox
        checked={isChosen}
        onChange={onToggle}
        label={
          <>
            <strong>{name}</strong>{' '}
            <span className="muted small">
              <PhoneNumber value={phone} />
            </span>
          </>
        }
      />
      <StatusPill state={status === 'active' ? state : status} />
      <div className="sender-room small">
        {quota !== null && <Progress label={`${t.quotaOf} ${name}`} value={sent} max={quota} />}
        <p className="muted sender-facts">
          <span>{quota === null ? t.roomUnknown : t.roomUsed(sent, quota)}</span>
          {quota !== null && room && status === 'active' && <span>{t.roomNow(room.capacity_contacts)}</span>}
          {isChosen && <Health senderId={id} />}
        </p>
      </div>
    </div>
  );
}

/** What the gateway says of it now; only of those who will write. */
function Health({ senderId }: { senderId: string }) {
  const t = useWords();
  const { data, isError } = useQuery(
    read('/api/senders/{sender_id}/health', { path: { sender_id: senderId } }),
  );
  const [tone, words] = isError
    ? ['muted', t.health.unknown]
    : !data
      ? ['muted', t.health.asking]
      : data.usable
        ? ['good', t.health.usable]
        : !data.reachable
          ? ['muted', t.health.unknown]
          : ['bad', data.scan_needed ? t.health.scan : t.health.unusable];
  return (
    <span className={`sender-health sender-health-${tone}`} title={data?.usable ? undefined : data?.detail}>
      {words}
    </span>
  );
}
