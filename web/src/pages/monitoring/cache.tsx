import type { Schemas } from '../../api/types';
import { measure, number, percent } from '../../i18n/format';
import { Card, StatTile, StatTiles } from '../../ui/layout';
import { StatusPill } from '../../ui/state';
import { Table } from '../../ui/table';
import { useWords } from './words';

type CacheStats = Schemas['CacheOut'];

export function Cache({ stats }: { stats: CacheStats }) {
  const t = useWords();
  const { latency_p50_ms: median, latency_p99_ms: slow, hits, misses, connected } = stats;
  const names: Readonly<Record<string, string>> = t.areas;
  const areas = Object.entries(stats.areas).map(([id, area]) => ({ id, ...area }));
  return (
    <Card
      title={t.cache}
      actions={<StatusPill state={connected ? t.cacheOn : t.cacheOff} tone={connected ? 'good' : 'warn'} />}
    >
      <div className="stack">
        <StatTiles>
          <StatTile label={t.hitRate} value={hits + misses > 0 ? percent(stats.hit_rate, 1) : '–'} />
          <StatTile label={t.hits} value={number(hits)} />
          <StatTile label={t.misses} value={number(misses)} />
          <StatTile
            label={t.latency}
            value={median === null ? '–' : measure(median, 'millisecond')}
            note={slow !== null && t.latencyNote(measure(slow, 'millisecond'))}
          />
        </StatTiles>
        {areas.length > 0 && (
          <Table
            label={t.cache}
            rows={areas}
            rowKey={({ id }) => id}
            columns={[
              { id: 'area', label: t.area, cell: ({ id }) => names[id] ?? id },
              { id: 'hits', label: t.hits, numeric: true, cell: (area) => number(area.hits) },
              { id: 'misses', label: t.misses, numeric: true, cell: (area) => number(area.misses) },
            ]}
          />
        )}
        <p className="muted small">
          {t.cacheNote} {stats.bypassed > 0 && t.bypassed(stats.bypassed)}{' '}
          {stats.errors > 0 && t.cacheErrors(stats.errors)}
        </p>
      </div>
    </Card>
  );
}
