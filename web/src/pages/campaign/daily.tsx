import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import { day } from '../../i18n/format';
import { Chart, type Series } from '../../ui/chart';
import { Card, Empty, ErrorState, Skeleton } from '../../ui/layout';
import { type Campaign, isClosed, useEstimate } from './data';
import { type Day, daysOf, daysSince } from './days';
import { useWords } from './words';

export function Daily({ campaign, startedAt }: { campaign: Campaign; startedAt: string }) {
  const t = useWords();
  const days = daysSince(startedAt, Date.now());
  const daily = useQuery(read('/api/statistics/daily', { query: { days, campaign_id: campaign.id } }));
  const estimate = useEstimate(campaign, !isClosed(campaign));
  const planned = campaign.status === 'running' ? (estimate.data?.per_day ?? []) : [];
  return (
    <Card title={t.daily}>
      {daily.data ? (
        <DaysChart days={daysOf(daily.data.days, planned, startedAt, campaign.closed_at)} />
      ) : daily.isError ? (
        <ErrorState error={daily.error} onRetry={() => void daily.refetch()} />
      ) : (
        <Skeleton height="15rem" />
      )}
    </Card>
  );
}

function DaysChart({ days }: { days: readonly Day[] }) {
  const t = useWords();
  const values = (name: Exclude<keyof Day, 'day'>) => days.map((each) => each[name]);
  const series: readonly Series[] = [
    { id: 'first', label: t.message1, kind: 'bar', shade: 1, values: values('first') },
    { id: 'second', label: t.message2, kind: 'bar', shade: 2, values: values('second') },
    { id: 'planned', label: t.planned, kind: 'bar', shade: 4, values: values('planned') },
    { id: 'read', label: t.reads, kind: 'line', shade: 3, values: values('read') },
    { id: 'reactions', label: t.reactions, kind: 'line', shade: 5, values: values('reactions') },
  ];
  const shown = series.filter(({ id, values: each }) => id !== 'planned' || each.some((value) => value > 0));
  if (shown.every(({ values: each }) => each.every((value) => value === 0)))
    return <Empty icon="monitoring" title={t.noDays} />;
  return (
    <Chart
      label={t.daily}
      points={days.map((each) => ({ id: each.day, short: day(each.day), full: day(each.day, true) }))}
      series={shown}
    />
  );
}
