import { useState } from 'react';
import { reasonText } from '../../campaigns/reasons';
import { useCommon } from '../../i18n/words';
import { Button } from '../../ui/button';
import { Card, Empty } from '../../ui/layout';
import { Link } from '../../ui/link';
import { PhoneNumber, Time } from '../../ui/state';
import { type Column, Table } from '../../ui/table';
import { kindOf } from './failures';
import type { Monitoring } from './numbers';
import { useWords, type Words } from './words';

const FIRST = 8;

type Failure = Monitoring['last_errors'][number];

export function LatestFailures({ failures }: { failures: readonly Failure[] }) {
  const t = useWords();
  const [all, setAll] = useState(false);
  return (
    <Card title={t.failures} flush>
      {failures.length === 0 ? (
        <Empty icon="check" title={t.noFailures}>
          {t.noFailuresExplained}
        </Empty>
      ) : (
        <>
          <Table
            label={t.failures}
            columns={columnsOf(t)}
            rows={all ? failures : failures.slice(0, FIRST)}
            rowKey={({ at, contact_id: contact, what }) => `${at} ${contact} ${what}`}
          />
          {!all && failures.length > FIRST && (
            <div className="monitoring-more">
              <Button kind="quiet" size="small" onClick={() => setAll(true)}>
                {t.allFailures(failures.length)}
              </Button>
            </div>
          )}
        </>
      )}
    </Card>
  );
}

const columnsOf = (t: Words): readonly Column<Failure>[] => [
  {
    id: 'at',
    label: t.at,
    minor: true,
    cell: ({ at }) => (
      <span className="nowrap">
        <Time at={at} />
      </span>
    ),
  },
  { id: 'reason', label: t.reason, cell: (failure) => <Reason failure={failure} /> },
  { id: 'contact', label: t.contact, cell: (failure) => <Contact failure={failure} /> },
  {
    id: 'campaign',
    label: t.campaign,
    minor: true,
    cell: ({ campaign_id: id, campaign_name: name }) =>
      name === null ? <span className="muted">–</span> : <Link href={`/campaigns/${id}`}>{name}</Link>,
  },
  {
    id: 'what',
    label: t.what,
    minor: true,
    cell: ({ message_type: type, what }) => (
      <span className="nowrap">
        {(t.types as Readonly<Record<string, string>>)[type ?? 'test'] ?? type}
        {what === 'attempt' && <span className="muted small"> · {t.attempt}</span>}
      </span>
    ),
  },
];

function Reason({ failure: { reason } }: { failure: Failure }) {
  const t = useWords();
  const { reasons } = useCommon();
  const kind = kindOf(reason);
  const words = reasonText(reasons, reason);
  if (!kind) return <>{words}</>;
  return (
    <>
      {t.reasons[kind]}
      {kind !== 'notOnWhatsApp' && <span className="field-hint monitoring-own-words">{words}</span>}
    </>
  );
}

function Contact({ failure }: { failure: Failure }) {
  const t = useWords();
  const { contact_id: id, contact_name: name, contact_phone: phone } = failure;
  if (id === null || phone === null) return <span className="muted">{t.goneContact}</span>;
  return (
    <Link href={`/contacts?contact=${id}`}>
      {name ? `${name} ` : ''}
      <PhoneNumber value={phone} />
    </Link>
  );
}
