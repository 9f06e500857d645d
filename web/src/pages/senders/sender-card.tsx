import { number, percent, time } from '../../i18n/format';
import { asSentence, inWords } from '../../senders/reasons';
import { Button } from '../../ui/button';
import { Icon } from '../../ui/icon';
import { Card } from '../../ui/layout';
import { Menu } from '../../ui/menu';
import { Progress } from '../../ui/progress';
import { PhoneNumber, StatusPill, Time } from '../../ui/state';
import { isOnItsWay } from './draft';
import { HealthLine } from './health-line';
import { type Sender, stateOf } from './sender';
import { useWords } from './words';

export type Ask = 'details' | 'edit' | 'pause' | 'resume' | 'remove';

const MANY_ERRORS = 0.05;

export function SenderCard({ sender, onAsk }: { sender: Sender; onAsk: (what: Ask) => void }) {
  const t = useWords();
  const isNew = isOnItsWay(sender);
  return (
    <Card
      title={
        <span className="sender-name">
          {sender.name}
          <StatusPill state={stateOf(sender)} />
          <span className="sender-phone">
            <PhoneNumber value={sender.phone} />
            {sender.provider === 'meta' && <span className="muted"> · {t.providers.meta}</span>}
          </span>
        </span>
      }
      actions={!isNew && <Actions sender={sender} onAsk={onAsk} />}
    >
      <div className="sender-body">
        <Doing sender={sender} />
        {isNew ? <p className="sender-health muted small">{t.saving}</p> : <HealthLine sender={sender} />}
        <Numbers sender={sender} />
      </div>
    </Card>
  );
}

function Actions({ sender: { id, name, status }, onAsk }: { sender: Sender; onAsk: (what: Ask) => void }) {
  const t = useWords();
  return (
    <div className="row">
      {status === 'active' ? (
        <Button icon="pause" size="small" onClick={() => onAsk('pause')}>
          {t.pause}
        </Button>
      ) : (
        <Button icon="play" size="small" kind="primary" onClick={() => onAsk('resume')}>
          {t.resume}
        </Button>
      )}
      <Menu
        label={t.actions(name)}
        className="button button-quiet button-icon button-small"
        items={[
          { label: t.details, icon: 'info', act: () => onAsk('details') },
          { label: t.edit, icon: 'edit', act: () => onAsk('edit') },
          { label: t.settings, icon: 'settings', href: `/settings?for=sender:${id}` },
          { label: t.remove, icon: 'trash', danger: true, apart: true, act: () => onAsk('remove') },
        ]}
      >
        <Icon name="more" />
      </Menu>
    </div>
  );
}

/** What it does and why, in a sentence or two. */
function Doing({ sender }: { sender: Sender }) {
  const t = useWords();
  const { status, status_reason: ordered, pause_scope: scope, state, reason, opens_at: opensAt } = sender;
  if (status === 'stopped') return <p>{t.stopped(asSentence(t, ordered ?? '…'))}</p>;
  if (status === 'paused') return <p>{scope === 'all' ? t.pausedAll : t.pausedMessage1}</p>;
  if (state === 'new' || !reason) return <p>{t.notYet}</p>;
  return (
    <p>
      {inWords(t, reason)} {opensAt && t.goesOn(time(opensAt))}
    </p>
  );
}

function Numbers({ sender }: { sender: Sender }) {
  const t = useWords();
  const { name, quota, sent_in_a_day: sent } = sender;
  const left = Math.max(0, (quota ?? 0) - sent);
  const kept = Math.min(left, sender.kept_for_replies);
  return (
    <dl className="sender-numbers">
      <div className="sender-quota">
        <dt>{t.quota}</dt>
        <dd>
          <Progress
            label={t.quotaOf(name)}
            value={sent}
            max={quota ?? 1}
            tone={quota === null || sent < 0.8 * quota ? 'good' : sent < quota ? 'warn' : 'bad'}
          />
          <span className="row spread small">
            <span>{quota === null ? t.quotaUnknown : t.quotaUsed(sent, quota)}</span>
            <span className="muted">
              {quota !== null && t.quotaLeft(left)}
              {quota !== null && kept > 0 && ` · ${t.kept(kept)}`}
            </span>
          </span>
        </dd>
      </div>
      <div>
        <dt>{t.errors}</dt>
        <dd className={sender.error_rate > MANY_ERRORS ? 'sender-bad' : undefined}>
          {percent(sender.error_rate, 1)}
        </dd>
      </div>
      <div>
        <dt>{t.campaigns}</dt>
        <dd>{number(sender.open_campaigns)}</dd>
      </div>
      {sender.next_message_1_at && sender.status === 'active' && (
        <div>
          <dt>{t.next}</dt>
          <dd>
            <Time at={sender.next_message_1_at} />
          </dd>
        </div>
      )}
    </dl>
  );
}
