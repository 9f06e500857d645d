import { call } from '../../api/client';
import { list } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { useRows, useWrite } from '../../optimistic/use-optimistic';
import { Button } from '../../ui/button';
import { Card, ErrorState, Skeleton } from '../../ui/layout';
import { StatusPill, Time } from '../../ui/state';
import { browserOf, systemOf } from './user-agent';
import { useWords } from './words';

type Session = Schemas['SessionOut'];

export function Sessions() {
  const t = useWords();
  const sessions = useRows<Session>('me', list('/api/me/sessions', {}));
  const write = useWrite<Session>('me');

  const end = ({ id }: Session) =>
    write.remove({
      ids: [id],
      request: () => call('delete', '/api/me/sessions/{session_id}', { path: { session_id: id } }),
      failed: t.notEnded,
    });

  return (
    <Card title={t.sessions}>
      <p className="muted">{t.sessionsText}</p>
      {sessions.isError && sessions.rows.length === 0 ? (
        <ErrorState error={sessions.error} onRetry={() => void sessions.refetch()} />
      ) : sessions.isPending ? (
        <Skeleton lines={2} height="3rem" />
      ) : (
        <ul className="profile-sessions">
          {sessions.rows.map((session) => (
            <SessionRow key={session.id} session={session} onEnd={() => void end(session)} />
          ))}
        </ul>
      )}
    </Card>
  );
}

function SessionRow({ session, onEnd }: { session: Session; onEnd: () => void }) {
  const t = useWords();
  const { user_agent: agent, current, last_seen_at: seen, created_at: since } = session;
  const where = t.on(browserOf(agent) ?? t.unknownBrowser, systemOf(agent) ?? t.unknownSystem);
  return (
    <li>
      <div title={agent}>
        <strong>{where}</strong>
        <p className="muted small">
          {t.lastSeen} <Time at={seen} /> · {t.since} <Time at={since} exact />
        </p>
      </div>
      {current ? (
        <StatusPill state={t.thisBrowser} tone="good" />
      ) : (
        <Button size="small" onClick={onEnd}>
          {t.signOutThere}
          <span className="hidden"> {where}</span>
        </Button>
      )}
    </li>
  );
}
