import { duration, percent } from '../../i18n/format';
import { Card } from '../../ui/layout';
import { StatusPill } from '../../ui/state';
import { type Column, Table } from '../../ui/table';
import type { Monitoring } from './numbers';
import { useWords, type Words } from './words';

type Component = Monitoring['uptime'][number];

const WINDOWS = ['24h', '7d', '30d'] as const;

/** How much of the time each part was there, against what is aimed at. */
export function Uptime({ components, target }: { components: readonly Component[]; target: number }) {
  const t = useWords();
  if (components.length === 0) return null;
  return (
    <Card title={t.availability} flush>
      <Table
        label={t.availability}
        columns={columnsOf(t, target)}
        rows={components}
        rowKey={({ component }) => component}
      />
      <p className="muted small monitoring-note">{t.availabilityNote(percent(target, 1))}</p>
    </Card>
  );
}

const columnsOf = (t: Words, target: number): readonly Column<Component>[] => [
  {
    id: 'component',
    label: t.component,
    cell: ({ component }) => (t.components as Readonly<Record<string, string>>)[component] ?? component,
  },
  {
    id: 'up',
    label: t.state,
    cell: ({ up }) => <StatusPill state={up ? t.alive : t.down} tone={up ? 'good' : 'bad'} />,
  },
  ...WINDOWS.map(
    (window): Column<Component> => ({
      id: window,
      label: t.windows[window],
      numeric: true,
      cell: ({ windows }) => {
        const found = windows.find((each) => each.window === window);
        if (found?.share == null) return '–';
        return (
          <span
            className={found.share < target ? 'monitoring-bad' : undefined}
            title={t.downFor(duration(found.down_s))}
          >
            {percent(found.share, 2)}
          </span>
        );
      },
    }),
  ),
];
