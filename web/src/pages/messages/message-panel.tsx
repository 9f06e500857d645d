import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { reasonText } from '../../campaigns/reasons';
import { useCommon } from '../../i18n/words';
import { Dialog } from '../../ui/dialog';
import { ErrorState, Skeleton } from '../../ui/layout';
import { Link } from '../../ui/link';
import { Notice } from '../../ui/notice';
import { PhoneNumber, Time } from '../../ui/state';
import { Attempts } from './attempts';
import { Status } from './columns';
import { useWords } from './words';

type Full = Schemas['FullMessage'];

/** One message: its text, how far it got and when, and every attempt to send it. */
export function MessagePanel({ id, onClose }: { id: string; onClose: () => void }) {
  const t = useWords();
  const found = useQuery(read('/api/messages/{message_id}', { path: { message_id: id } }));
  const message = found.data?.message;
  const title = message
    ? t.messageTo(message.contact_name ?? (message.phone === null ? t.erased : message.phone))
    : t.title;
  return (
    <Dialog side title={title} onClose={onClose}>
      {found.data ? (
        <>
          <About message={found.data.message} />
          <Steps message={found.data.message} />
          <Attempts attempts={found.data.attempts} />
          <Ids message={found.data.message} />
        </>
      ) : found.isError ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : (
        <Skeleton lines={6} height="2.5rem" />
      )}
    </Dialog>
  );
}

function About({ message }: { message: Full }) {
  const t = useWords();
  const common = useCommon();
  const { message_type: type, campaign_id, campaign_name, sender_name, phone, status, body } = message;
  return (
    <>
      <div className="row spread">
        <span>
          {t.types[type as 'message_1']} · <Link href={`/campaigns/${campaign_id}`}>{campaign_name}</Link>
        </span>
        <Status status={status} />
      </div>
      <dl className="message-facts">
        <div>
          <dt>{t.sender}</dt>
          <dd>{sender_name}</dd>
        </div>
        {phone && (
          <div>
            <dt>{t.columns.phone}</dt>
            <dd>
              <PhoneNumber value={phone} />
            </dd>
          </div>
        )}
      </dl>
      {status === 'failed' && message.failure_reason && (
        <Notice tone="bad">{reasonText(common.reasons, message.failure_reason)}</Notice>
      )}
      {body ? (
        <p className="message-text">{body}</p>
      ) : (
        <p className="muted">{status === 'pending' ? t.noText : t.neverText}</p>
      )}
    </>
  );
}

const STEPS = [
  ['planned', 'created_at'],
  ['accepted', 'accepted_at'],
  ['sent', 'sent_at'],
  ['delivered', 'delivered_at'],
  ['read', 'read_at'],
  ['failed', 'failed_at'],
] as const;

function Steps({ message }: { message: Full }) {
  const t = useWords();
  return (
    <section aria-label={t.steps}>
      <h3>{t.steps}</h3>
      <ol className="message-steps">
        {STEPS.map(([name, moment]) => {
          const at = message[moment];
          return (
            at && (
              <li key={name} className={`message-step message-step-${name}`}>
                <span>{t[name]}</span>
                <span className="muted small">
                  <Time at={at} exact />
                </span>
              </li>
            )
          );
        })}
      </ol>
    </section>
  );
}

function Ids({ message: { provider_id, wa_id } }: { message: Full }) {
  const t = useWords();
  const ids = [
    [t.gatewayId, provider_id],
    [t.whatsAppId, wa_id],
  ].filter(([, id]) => id);
  if (ids.length === 0) return null;
  return (
    <details className="small">
      <summary className="muted">{t.more}</summary>
      <dl className="message-ids">
        {ids.map(([label, id]) => (
          <div key={label}>
            <dt className="muted">{label}</dt>
            <dd>{id}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
