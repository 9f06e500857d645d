import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import { measure, percent } from '../../i18n/format';
import { Card, Empty } from '../../ui/layout';
import { Link } from '../../ui/link';
import { Progress } from '../../ui/progress';
import { StatusPill } from '../../ui/state';
import { type Column, Table } from '../../ui/table';
import { healthOf } from '../senders/health';
import { useWords as useSenderWords } from '../senders/words';
import type { Monitoring } from './numbers';
import { useWords, type Words } from './words';

type Room = Monitoring['senders'][number];

const DETAILS_FRESH_MS = 60_000;
const MANY_ERRORS = 0.05;

/** Each sender in a line; what it does about its state is on its own page. */
export function Senders({ senders }: { senders: readonly Room[] }) {
  const t = useWords();
  return (
    <Card title={t.senders} flush>
      {senders.length === 0 ? (
        <Empty
          icon="senders"
          title={t.noSenders}
          action={
            <Link href="/senders" as="plain">
              {t.addSender}
            </Link>
          }
        />
      ) : (
        <Table label={t.senders} columns={columnsOf(t)} rows={senders} rowKey={({ id }) => id} />
      )}
    </Card>
  );
}

const columnsOf = (t: Words): readonly Column<Room>[] => [
  {
    id: 'name',
    label: t.sender,
    cell: ({ id, name, status, state }) => (
      <span className="row monitoring-sender">
        <Link href={`/senders?sender=${id}`}>{name}</Link>
        <StatusPill state={status === 'active' ? state : status} />
      </span>
    ),
  },
  { id: 'gateway', label: t.gateway, minor: true, cell: ({ id }) => <GatewayHealth id={id} /> },
  { id: 'quota', label: t.quota, cell: (room) => <Quota room={room} /> },
  {
    id: 'room',
    label: t.room,
    numeric: true,
    minor: true,
    cell: ({ capacity_contacts: count }) => <span className="nowrap">{t.contacts(count)}</span>,
  },
  {
    id: 'replies',
    label: t.replies,
    numeric: true,
    minor: true,
    cell: ({ reply_rate: rate }) => percent(rate),
  },
  {
    id: 'errors',
    label: t.errors,
    numeric: true,
    cell: ({ error_rate: rate }) => (
      <span className={rate > MANY_ERRORS ? 'monitoring-bad' : undefined}>{percent(rate, 1)}</span>
    ),
  },
  { id: 'delivery', label: t.delivery, numeric: true, minor: true, cell: ({ id }) => <Delivery id={id} /> },
];

function Quota({ room: { name, quota, sent_in_a_day: sent } }: { room: Room }) {
  const t = useWords();
  if (quota === null) return <span className="muted">{t.unknown}</span>;
  return (
    <div className="monitoring-quota">
      <Progress
        label={t.quotaOf(name)}
        value={sent}
        max={quota}
        tone={sent < 0.8 * quota ? 'good' : sent < quota ? 'warn' : 'bad'}
      />
      <span className="small nowrap">{t.quotaUsed(sent, quota)}</span>
    </div>
  );
}

function useDetails(id: string) {
  const path = { sender_id: id };
  return useQuery({ ...read('/api/senders/{sender_id}', { path }), staleTime: DETAILS_FRESH_MS }).data;
}

function GatewayHealth({ id }: { id: string }) {
  const t = useSenderWords();
  const sender = useDetails(id)?.sender;
  const { data } = useQuery({
    ...read('/api/senders/{sender_id}/health', { path: { sender_id: id } }),
    refetchInterval: DETAILS_FRESH_MS,
  });
  if (!data || !sender) return <span className="muted">…</span>;
  const kind = healthOf(data, sender.phone, sender.provider === 'meta');
  return <span className={kind === 'ready' ? undefined : 'monitoring-warn'}>{t.healthShort[kind]}</span>;
}

/** The median way of a message; two medians do not add up exactly, but nobody decides by the difference. */
function Delivery({ id }: { id: string }) {
  const t = useWords();
  const delivery = useDetails(id)?.pace.delivery;
  const parts = [delivery?.accepted_to_sent_p50_s, delivery?.sent_to_delivered_p50_s];
  const known = parts.filter((part) => part !== null && part !== undefined);
  if (known.length === 0) return <span className="muted">–</span>;
  return (
    <span className="nowrap" title={t.deliveryNote}>
      {measure(
        known.reduce((sum, part) => sum + part, 0),
        'second',
      )}
    </span>
  );
}
