import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import { Button } from '../../ui/button';
import { Icon } from '../../ui/icon';
import { Notice } from '../../ui/notice';
import { PhoneNumber } from '../../ui/state';
import { type Health, healthOf } from './health';
import type { Sender } from './sender';
import { useWords } from './words';

const ASK_AGAIN_MS = 60_000;

/** What the gateway says of the account now, and what to do about it. */
export function HealthLine({ sender: { id, phone, provider } }: { sender: Sender }) {
  const t = useWords();
  const { data, isFetching, refetch } = useQuery({
    ...read('/api/senders/{sender_id}/health', { path: { sender_id: id } }),
    refetchInterval: ASK_AGAIN_MS,
  });
  if (!data) return <p className="sender-health muted small">{isFetching ? t.checking : t.health.away}</p>;
  const kind = healthOf(data, phone, provider === 'meta');
  if (kind === 'ready') {
    return (
      <p className="sender-health small tone-good">
        <Icon name="check" />
        {t.health.ready}
      </p>
    );
  }
  return (
    <Notice
      tone={kind === 'away' ? 'info' : 'warn'}
      action={
        <Button size="small" icon="refresh" busy={isFetching} onClick={() => void refetch()}>
          {t.checkAgain}
        </Button>
      }
    >
      <strong>{t.health[kind]}</strong>
      <div className="small">{t.healthTodo[kind]}</div>
      <Extra health={data} kind={kind} />
    </Notice>
  );
}

function Extra({ health, kind }: { health: Health; kind: ReturnType<typeof healthOf> }) {
  const t = useWords();
  if (kind === 'otherNumber' && health.phone) return <div className="small">{t.otherPhone(health.phone)}</div>;
  if (kind === 'away') return <div className="small muted">{health.detail}</div>;
  return health.phone && kind !== 'ready' ? (
    <div className="small muted">
      <PhoneNumber value={health.phone} />
    </div>
  ) : null;
}
