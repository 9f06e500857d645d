import { number } from '../../i18n/format';
import { Card } from '../../ui/layout';
import { Link } from '../../ui/link';
import type { Tone } from '../../ui/notice';
import { type Part, PartsBar } from '../../ui/progress';
import type { Statistics } from './data';
import { type CampaignWords, useWords } from './words';

type Shade = Part['shade'];

/** By how much is left to do; what has no shade is still to begin. */
const SHADES: Readonly<Record<string, Shade>> = {
  message_2_sent: 1,
  message_1_sent: 3,
  no_interaction: 2,
  late_interaction: 4,
  failed: 5,
  opted_out: 4,
  cancelled: 4,
  expired: 4,
};
/** Where they differ from those of messages. */
export const STATE_TONES: Readonly<Record<string, Tone>> = {
  message_1_sent: 'info',
  message_2_sent: 'good',
  opted_out: 'warn',
};
const ORDER = [
  'message_2_sent',
  'message_1_sent',
  'no_interaction',
  'late_interaction',
  'opted_out',
  'cancelled',
  'expired',
  'failed',
  'pending',
];

export const stateName = (t: CampaignWords, state: string): string =>
  (t.state as Readonly<Record<string, string>>)[state] ?? state;

/** Each state leads to its contacts. */
export function States({ id, statistics }: { id: string; statistics: Statistics }) {
  const t = useWords();
  const counts = statistics.contacts_by_state;
  const shown = ORDER.filter((state) => (counts[state] ?? 0) > 0);
  if (shown.length === 0) return null;
  const parts = shown.flatMap((state) => {
    const shade = SHADES[state];
    return shade ? [{ label: stateName(t, state), value: counts[state] ?? 0, shade }] : [];
  });
  return (
    <Card title={t.states}>
      <PartsBar label={t.states} total={statistics.enrolled_contacts} parts={parts} />
      <ul className="state-list">
        {shown.map((state) => (
          <li key={state}>
            <Link href={`/campaigns/${id}?tab=contacts&state=${state}`} className="state-link">
              <span className={`legend-dot ${SHADES[state] ? `shade-${SHADES[state]}` : 'state-pending'}`} />
              <span>{stateName(t, state)}</span>
              <strong>{number(counts[state] ?? 0)}</strong>
            </Link>
          </li>
        ))}
      </ul>
    </Card>
  );
}
