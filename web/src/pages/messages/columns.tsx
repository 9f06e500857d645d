import type { Schemas } from '../../api/types';
import { reasonText } from '../../campaigns/reasons';
import { day, time } from '../../i18n/format';
import { useCommon } from '../../i18n/words';
import { useNarrow } from '../../ui/narrow';
import { PhoneNumber, StatusPill, Time } from '../../ui/state';
import type { Column } from '../../ui/table';
import { type MessageWords, useWords } from './words';

export type Message = Schemas['ListedMessage'];

type Named = { readonly id: string; readonly name: string };

export function columnsOf(t: MessageWords, senders: readonly Named[]): readonly Column<Message>[] {
  const names = new Map(senders.map(({ id, name }) => [id, name]));
  return [
    { id: 'contact', label: t.columns.contact, cell: (row) => <Name row={row} />, width: 'minmax(0, 1.1fr)' },
    {
      id: 'phone',
      label: t.columns.phone,
      cell: ({ phone }) => phone && <PhoneNumber value={phone} />,
      width: '10.5rem',
      minor: true,
    },
    {
      id: 'type',
      label: t.columns.type,
      cell: ({ message_type: type }) => t.types[type as 'message_1'],
      width: '7rem',
      minor: true,
    },
    { id: 'campaign', label: t.columns.campaign, cell: (row) => row.campaign_name, minor: true },
    { id: 'sender', label: t.columns.sender, cell: (row) => names.get(row.sender_id), minor: true },
    {
      id: 'status',
      label: t.columns.status,
      cell: ({ status }) => <Status status={status} />,
      width: 'var(--message-status)',
    },
    {
      id: 'at',
      label: t.columns.at,
      cell: (row) => <When row={row} />,
      width: 'var(--message-when)',
    },
  ];
}

export function Status({ status }: { status: string }) {
  const t = useWords();
  return <StatusPill state={status} text={t.statuses[status as 'sent']} />;
}

const shortly = (at: string): string =>
  new Date(at).toDateString() === new Date().toDateString() ? time(at) : day(at.slice(0, 10));

/** When it was sent, or why it was not. */
function When({ row: { sent_at: at, status, failure_reason: reason } }: { row: Message }) {
  const t = useWords();
  const common = useCommon();
  const isNarrow = useNarrow();
  if (at) return isNarrow ? <time dateTime={at}>{shortly(at)}</time> : <Time at={at} />;
  const text = status === 'failed' && reason ? reasonText(common.reasons, reason) : t.notSent;
  return (
    <span className="muted" title={text}>
      {text}
    </span>
  );
}

/** Where there is room, the number has a column of its own. */
function Name({ row: { contact_name: name, phone } }: { row: Message }) {
  const t = useWords();
  const isNarrow = useNarrow();
  if (phone === null) return <span className="muted">{t.erased}</span>;
  if (name) return name;
  return isNarrow ? <PhoneNumber value={phone} /> : <span className="muted">{t.unnamed}</span>;
}
