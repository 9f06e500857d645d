import type { Schemas } from '../../api/types';
import { number } from '../../i18n/format';
import { StatTile, StatTiles } from '../../ui/layout';
import { useWords } from './words';

type Day = Schemas['DayOut'];

export function Today({ day }: { day: Day }) {
  const t = useWords();
  const ofSent = (count: number) => (day.messages_sent > 0 ? t.ofSent(count / day.messages_sent) : undefined);
  return (
    <section aria-labelledby="today">
      <div className="row spread overview-today">
        <h2 id="today">{t.today}</h2>
        <span className="muted small">{t.todayNote}</span>
      </div>
      <StatTiles>
        <StatTile
          label={t.sent}
          value={number(day.messages_sent)}
          note={day.messages_2_sent > 0 && t.sentNote(day.messages_2_sent)}
        />
        <StatTile
          label={t.delivered}
          value={number(day.messages_delivered)}
          note={ofSent(day.messages_delivered)}
        />
        <StatTile label={t.read} value={number(day.messages_read)} note={ofSent(day.messages_read)} />
        <StatTile label={t.interactions} value={number(day.interactions)} />
        <StatTile label={t.failures} value={number(day.failures)} tone={day.failures > 0 ? 'bad' : 'neutral'} />
      </StatTiles>
    </section>
  );
}
