import './style.css';
import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import { date } from '../../i18n/format';
import { useLive } from '../../live/use-live';
import { ErrorState, PageHeader, Skeleton } from '../../ui/layout';
import { Link } from '../../ui/link';
import { Attention } from './attention';
import { DailyChart } from './daily-chart';
import { FirstRun, stepsOf } from './first-run';
import { Quota } from './quota';
import { Running } from './running';
import { Today } from './today';
import { useWords } from './words';

// As many days as the server has written into the page.
const DAYS = 30;

export default function OverviewPage() {
  const live = useLive();
  const monitoring = useQuery(read('/api/monitoring/stats', {}));
  const totals = useQuery(read('/api/statistics', {}));
  const daily = useQuery(read('/api/statistics/daily', { query: { days: DAYS } }));

  const queries = [live, monitoring, totals, daily];
  const failed = queries.find(({ isError, data }) => isError && data === undefined);
  if (failed) {
    const retry = () => {
      for (const { isError, refetch } of queries) if (isError) void refetch();
    };
    return (
      <>
        <Header />
        <ErrorState error={failed.error} onRetry={retry} />
      </>
    );
  }
  if (!live.data || !monitoring.data || !totals.data || !daily.data) {
    return (
      <>
        <Header />
        <Skeleton lines={3} height="7rem" />
      </>
    );
  }

  const today = daily.data.days.at(-1);
  const steps = stepsOf(monitoring.data, totals.data, live.data);
  const isNew = steps.some(({ done }) => !done);
  return (
    <>
      <Header withButton={!isNew} />
      <div className="overview">
        <Attention live={live.data} failuresToday={today?.failures ?? 0} />
        {isNew ? (
          <FirstRun steps={steps} />
        ) : (
          <>
            {today && <Today day={today} />}
            <div className="overview-columns">
              <div className="stack">
                <Running campaigns={live.data.campaigns} />
                <DailyChart days={daily.data.days} />
              </div>
              <Quota monitoring={monitoring.data} />
            </div>
          </>
        )}
      </div>
    </>
  );
}

function Header({ withButton }: { withButton?: boolean }) {
  const t = useWords();
  return (
    <PageHeader
      title={t.title}
      sub={date(Date.now(), 'full')}
      actions={
        withButton && (
          <Link href="/campaigns/new" as="primary" icon="plus">
            {t.newCampaign}
          </Link>
        )
      }
    />
  );
}
