import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { call } from '../../api/client';
import { failure } from '../../api/failure';
import { read } from '../../api/queries';
import { Button } from '../../ui/button';
import { Notice } from '../../ui/notice';
import { Progress } from '../../ui/progress';
import { toast } from '../../ui/toast';
import { OUTDATES } from './use-contact-writes';
import { useWords } from './words';

/** The events do not tell of checks: as long as one is under way, and only then, it is asked how far it is. */
const ASK_EVERY_MS = 2000;

const UNDER_WAY = ['queued', 'running'];

/** How far the latest check of numbers is, as long as it is under way. */
export function CheckProgress() {
  const t = useWords();
  const client = useQueryClient();
  const { data, refetch } = useQuery({
    ...read('/api/number-checks', { query: { limit: 1 } }),
    staleTime: 0,
    refetchInterval: ({ state }) =>
      UNDER_WAY.includes(state.data?.items[0]?.state ?? '') ? ASK_EVERY_MS : false,
  });
  const check = data?.items[0];
  const isRunning = check !== undefined && UNDER_WAY.includes(check.state);

  const followed = useRef<string | null>(null);
  useEffect(() => {
    if (!check) return;
    if (isRunning) followed.current = check.id;
    else if (followed.current === check.id) {
      followed.current = null;
      toast({
        tone: 'good',
        text: t.checked(check.checked),
        detail: t.checkedDetail(check.on_whatsapp, check.not_on_whatsapp),
      });
      for (const queryKey of [['contacts'], ...OUTDATES]) void client.resetQueries({ queryKey });
    }
  }, [check, isRunning, client, t]);

  if (!check || !isRunning) return null;

  async function cancel(id: string) {
    try {
      await call('post', '/api/number-checks/{check_id}/cancel', { path: { check_id: id } });
    } catch (error) {
      toast({ tone: 'bad', text: t.checkNotCancelled, detail: failure(error) });
    }
    await refetch();
  }
  return (
    <div className="check-progress">
      <Notice
        action={
          <Button size="small" onClick={() => void cancel(check.id)}>
            {t.checkCancel}
          </Button>
        }
      >
        {t.checking(check.checked, check.total)}
        <Progress label={t.checkingLabel} value={check.checked} max={check.total} />
      </Notice>
    </div>
  );
}
