import type { Schemas } from '../../api/types';
import { duration, number } from '../../i18n/format';
import { StatTile, StatTiles } from '../../ui/layout';
import { useWords } from './words';

export type Monitoring = Schemas['MonitoringOut'];

export function Numbers({ monitoring }: { monitoring: Monitoring }) {
  const t = useWords();
  const { sent_today: sent, workers_alive: alive, uptime_s: uptime } = monitoring;
  // Minutes are enough for what has run for longer.
  const shown = uptime < 60 ? uptime : uptime - (uptime % 60);
  return (
    <section aria-label={t.numbers}>
      <StatTiles>
        <StatTile
          label={t.sentToday}
          value={number(sent.message_1 + sent.message_2)}
          note={sent.message_2 > 0 && t.sentNote(sent.message_2)}
        />
        <StatTile
          label={t.failedToday}
          value={number(sent.failures)}
          tone={sent.failures > 0 ? 'bad' : 'neutral'}
        />
        <StatTile label={t.quotaLeft} value={number(monitoring.quota_left)} />
        <StatTile label={t.capacity} value={number(monitoring.capacity_contacts)} note={t.capacityNote} />
        <StatTile label={t.workers} value={number(alive)} tone={alive === 0 ? 'bad' : 'neutral'} />
        <StatTile label={t.uptime} value={duration(shown)} note={t.uptimeNote} />
      </StatTiles>
    </section>
  );
}
