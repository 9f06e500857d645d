import { useState } from 'react';
import type { Schemas } from '../../api/types';
import { day } from '../../i18n/format';
import { Chart, type Series } from '../../ui/chart';
import { Card, Empty } from '../../ui/layout';
import { Segments } from '../../ui/tabs';
import { useWords } from './words';

const SPANS = [7, 30];

export function DailyChart({ days }: { days: readonly Schemas['DayOut'][] }) {
  const t = useWords();
  const [span, setSpan] = useState(7);
  const shown = days.slice(-span);
  const series: readonly Series[] = [
    { id: '1', label: t.message1, kind: 'bar', shade: 1, values: shown.map((each) => each.messages_1_sent) },
    { id: '2', label: t.message2, kind: 'bar', shade: 2, values: shown.map((each) => each.messages_2_sent) },
    { id: 'read', label: t.read, kind: 'line', shade: 3, values: shown.map((each) => each.messages_read) },
    {
      id: 'reactions',
      label: t.interactions,
      kind: 'line',
      shade: 4,
      values: shown.map((each) => each.interactions),
    },
  ];
  return (
    <Card
      title={t.chart}
      actions={
        <Segments
          label={t.span}
          tabs={SPANS.map((count) => ({ id: String(count), label: t.days(count) }))}
          current={String(span)}
          onChange={(id) => setSpan(Number(id))}
        />
      }
    >
      {series.every(({ values }) => values.every((value) => value === 0)) ? (
        <Empty icon="monitoring" title={t.nothingSent} />
      ) : (
        <Chart
          label={t.chart}
          points={shown.map((each) => ({ id: each.day, short: day(each.day), full: day(each.day, true) }))}
          series={series}
        />
      )}
    </Card>
  );
}
