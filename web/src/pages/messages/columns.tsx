import type { Schemas } from '../../api/types';
import { useNarrow } from '../../ui/narrow';
import { PhoneNumber, StatusPill, Time } from '../../ui/state';
import type { Column } from '../../ui/table';
import { type MessageWords, useWords } from './words';

export type Message = Schemas['ListedMessage'];

export function columnsOf(t: MessageWords, senderName: (id: string) => string): readonly Column<Message>[] {
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
    { id: 'sender', label: t.columns.sender, cell: (row) => senderName(row.sender_id), minor: true },
    {
      id: 'status',
      label: t.columns.status,
      cell: ({ status }) => <Status status={status} />,
      width: '7rem',
    },
    {
      id: 'at',
      label: t.columns.at,
      cell: ({ sent_at: at }) => (at ? <Time at={at} /> : <span className="muted">{t.notSent}</span>),
      width: 'minmax(7.5rem, 10rem)',
    },
  ];
}

export function Status({ status }: { status: string }) {
  const t = useWords();
  return <StatusPill state={status} text={t.statuses[status as 'sent']} />;
}

/** Where there is room, the number has a column of its own. */
function Name({ row: { contact_name: name, phone } }: { row: Message }) {
  const t = useWords();
  const isNarrow = useNarrow();
  if (phone === null) return <span className="muted">{t.erased}</span>;
  if (name) return name;
  return isNarrow ? <PhoneNumber value={phone} /> : <span className="muted">{t.unnamed}</span>;
}
