import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { asPage, read } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { date, measure, number, percent } from '../../i18n/format';
import { every, inWords } from '../../senders/reasons';
import { Dialog } from '../../ui/dialog';
import { ErrorState, Skeleton } from '../../ui/layout';
import { StatusPill, Time } from '../../ui/state';
import type { Sender } from './sender';
import { useWords, type Words } from './words';

/** All that is known of one sender's pace, and how it came to it. */
export function Details({ sender, onClose }: { sender: Sender; onClose: () => void }) {
  const path = { sender_id: sender.id };
  const found = useQuery(read('/api/senders/{sender_id}', { path }));
  return (
    <Dialog side title={sender.name} onClose={onClose}>
      {found.data ? (
        <>
          <Facts details={found.data} />
          <Delivery delivery={found.data.pace.delivery} />
          <History id={sender.id} />
        </>
      ) : found.error ? (
        <ErrorState error={found.error} onRetry={() => void found.refetch()} />
      ) : (
        <Skeleton lines={6} height="2.5rem" />
      )}
    </Dialog>
  );
}

function Facts({ details: { sender, pace } }: { details: Schemas['SenderOut'] }) {
  const t = useWords();
  const named = (words: Readonly<Record<string, string>>, name: string) => words[name] ?? name;
  const rows: readonly (readonly [string, ReactNode])[] = [
    [t.facts.profile, named(t.profiles, pace.profile)],
    [
      t.facts.maturity,
      <>
        {named(t.maturityNames, pace.maturity)}
        {sender.maturity && <span className="muted"> · {t.byPerson}</span>}
      </>,
    ],
    [t.facts.delay, pace.delay_s === null ? t.none : every(t.reasons, pace.delay_s)],
    ...(pace.error_factor > 1 && pace.profile !== 'fixed'
      ? [[t.facts.factor, `× ${number(pace.error_factor)}`] as const]
      : []),
    [t.facts.errors, percent(pace.error_rate, 1)],
    [t.facts.kept, number(pace.kept_for_replies)],
    [t.facts.next, pace.next_message_1_at ? <Time key="next" at={pace.next_message_1_at} /> : t.none],
    [t.facts.since, date(`${sender.account_since}T12:00:00`)],
    [t.provider, named(t.providers, sender.provider)],
    ...(sender.template_name
      ? [[t.template, `${sender.template_name} (${sender.template_language})`] as const]
      : []),
    [sender.provider === 'meta' ? t.numberId : t.facts.device, <code key="device">{sender.device_id}</code>],
  ];
  return (
    <section aria-label={t.now}>
      <h3>{t.now}</h3>
      <FactList rows={rows} />
    </section>
  );
}

function FactList({ rows }: { rows: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className="sender-facts">
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Delivery({ delivery }: { delivery: Schemas['DeliveryLatency'] }) {
  const t = useWords();
  const rows = [
    typical(t, t.toSent, delivery.accepted_to_sent_p50_s, delivery.accepted_to_sent_p95_s),
    typical(t, t.toDelivered, delivery.sent_to_delivered_p50_s, delivery.sent_to_delivered_p95_s),
  ].filter((row) => row !== null);
  return (
    <section aria-label={t.delivery}>
      <h3>{t.delivery}</h3>
      {rows.length > 0 ? <FactList rows={rows} /> : <p className="muted">{t.noDelivery}</p>}
    </section>
  );
}

const typical = (t: Words, label: string, median: number | null, slow: number | null) =>
  median === null || slow === null
    ? null
    : ([label, t.typical(measure(median, 'second'), measure(slow, 'second'))] as const);

type Change = Schemas['PacingChange'];

const SHOWN = 50;

function History({ id }: { id: string }) {
  const t = useWords();
  const path = { sender_id: id };
  const changes = useQuery(read('/api/senders/{sender_id}/pacing-changes', { path, query: { limit: SHOWN } }));
  const shown = changes.data && asPage<Change>(changes.data).items;
  return (
    <section aria-label={t.history}>
      <h3>{t.history}</h3>
      {shown?.length === 0 && <p className="muted">{t.noHistory}</p>}
      {changes.error && <ErrorState error={changes.error} onRetry={() => void changes.refetch()} />}
      <ol className="sender-history">
        {shown?.map((change) => (
          <li key={change.at}>
            <div className="row spread">
              <StatusPill state={change.state} />
              <span className="muted small">
                <Time at={change.at} />
              </span>
            </div>
            <p>{inWords(t, change.reason)}</p>
            <p className="muted small">{t.change(change.quota, change.error_rate)}</p>
          </li>
        ))}
      </ol>
    </section>
  );
}
