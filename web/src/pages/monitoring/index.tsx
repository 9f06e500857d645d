import './style.css';
import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import { seconds } from '../../i18n/format';
import { useLive } from '../../live/use-live';
import { ErrorState, PageHeader, Skeleton } from '../../ui/layout';
import { Cache } from './cache';
import { LatestFailures } from './latest-failures';
import { Numbers } from './numbers';
import { Senders } from './senders';
import { Upkeep } from './upkeep';
import { Uptime } from './uptime';
import { Warnings } from './warnings';
import { useWords } from './words';
import { Workers } from './workers';

// The stream tells what changes in campaigns and senders; quotas, workers and the cache change without an event.
const refetchInterval = 5000;

export default function MonitoringPage() {
  const t = useWords();
  const live = useLive();
  const monitoring = useQuery({ ...read('/api/monitoring/stats', {}), refetchInterval });
  const cache = useQuery({ ...read('/api/cache/stats', {}), refetchInterval });
  const { data } = monitoring;
  if (!data) {
    return (
      <>
        <PageHeader title={t.title} />
        {monitoring.isError ? (
          <ErrorState error={monitoring.error} onRetry={() => void monitoring.refetch()} />
        ) : (
          <Skeleton lines={4} height="7rem" />
        )}
      </>
    );
  }
  const moment = seconds(monitoring.dataUpdatedAt);
  return (
    <>
      <PageHeader title={t.title} sub={monitoring.isError ? t.stale(moment) : t.sub(moment)} />
      <div className="monitoring">
        {live.data && <Warnings live={live.data} />}
        <Numbers monitoring={data} />
        <Senders senders={data.senders} />
        <LatestFailures failures={data.last_errors} />
        <Uptime components={data.uptime} target={data.uptime_target} />
        <Upkeep />
        <div className="monitoring-columns">
          <Workers workers={data.workers} />
          {cache.data && <Cache stats={cache.data} />}
        </div>
      </div>
    </>
  );
}
