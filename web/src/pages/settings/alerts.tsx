import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../../api/client';
import { failure } from '../../api/failure';
import { read } from '../../api/queries';
import { Button } from '../../ui/button';
import { Card } from '../../ui/layout';
import { Badge } from '../../ui/state';
import { toast } from '../../ui/toast';
import { useWords } from './words';

/** Where alerts go, and whether they would arrive. */
export function AlertDestinations() {
  const t = useWords();
  const { data } = useQuery(read('/api/alerts/destinations', {}));
  const [busy, setBusy] = useState(false);
  if (!data) return null;

  const test = async () => {
    setBusy(true);
    try {
      const tested = await call('post', '/api/alerts/test', {});
      const missed = tested.filter(({ reached }) => !reached).map(({ service }) => service);
      toast(
        missed.length === 0
          ? { tone: 'good', text: t.alertsTested }
          : { tone: 'bad', text: t.alertsMissed(missed.join(', ')) },
      );
    } catch (error) {
      toast({ tone: 'bad', text: t.alertsNotTested, detail: failure(error) });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Card
      title={t.alerts}
      actions={
        data.length > 0 && (
          <Button size="small" busy={busy} onClick={() => void test()}>
            {t.testAlerts}
          </Button>
        )
      }
    >
      <p className="muted small">{data.length > 0 ? t.alertsText : t.alertsNowhere}</p>
      <p className="row">
        {data.map(({ service, understood }, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: several may be of one service
          <Badge key={at}>{understood ? service : t.alertsUnknown(service)}</Badge>
        ))}
      </p>
    </Card>
  );
}
