import type { Schemas } from '../../api/types';
import { number } from '../../i18n/format';
import { Card, Empty } from '../../ui/layout';
import { Link } from '../../ui/link';
import { Gauge, Progress } from '../../ui/progress';
import { StatusPill } from '../../ui/state';
import { useWords } from './words';

type Monitoring = Schemas['MonitoringOut'];

export function Quota({
  monitoring: { senders, capacity_contacts: capacity, quota_left: left },
}: {
  monitoring: Monitoring;
}) {
  const t = useWords();
  const known = senders.filter(({ quota, status }) => quota !== null && status === 'active');
  const quota = known.reduce((sum, sender) => sum + (sender.quota ?? 0), 0);
  const sent = known.reduce((sum, sender) => sum + sender.sent_in_a_day, 0);
  return (
    <Card title={t.quota}>
      {senders.length === 0 ? (
        <Empty
          icon="senders"
          title={t.noSenders}
          action={
            <Link href="/senders" as="plain">
              {t.addSender}
            </Link>
          }
        >
          {t.noSendersExplained}
        </Empty>
      ) : (
        <div className="stack">
          <Gauge label={t.quota} value={sent} max={quota}>
            <strong className="quota-left">{number(left)}</strong>
            <br />
            <span className="muted small">{t.quotaLeft}</span>
          </Gauge>
          <p className="muted small quota-capacity">{t.capacity(capacity)}</p>
          <ul className="stack quota-senders">
            {senders.map((sender) => (
              <Sender key={sender.id} sender={sender} />
            ))}
          </ul>
        </div>
      )}
    </Card>
  );
}

function Sender({
  sender: { name, status, state, quota, sent_in_a_day: sent },
}: {
  sender: Schemas['SenderRoomOut'];
}) {
  const t = useWords();
  return (
    <li>
      <div className="row spread quota-sender">
        <span className="truncate">{name}</span>
        <StatusPill state={status === 'active' ? state : status} />
      </div>
      <Progress
        label={`${t.quota}: ${name}`}
        value={sent}
        max={quota ?? 1}
        tone={quota !== null && sent >= quota ? 'bad' : 'good'}
      />
      <span className="muted small">{quota === null ? t.quotaUnknown : t.quotaUsed(sent, quota)}</span>
    </li>
  );
}
