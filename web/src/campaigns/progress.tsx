import { finished, type LiveCampaign } from '../live/apply';
import { PartsBar } from '../ui/progress';
import type en from './en';

/** What any answer about a campaign has. */
interface Row {
  readonly id: string;
  readonly name: string;
  readonly total_contacts: number;
  readonly final_contacts: number;
}

export interface Progress {
  readonly total: number;
  readonly done: number;
  readonly waiting: number;
}

/** From the events where they tell about it, else from what was asked for last. */
export function progressOf(row: Row, live: readonly LiveCampaign[] | undefined): Progress {
  const now = live?.find(({ id }) => id === row.id);
  return now
    ? { total: now.total_contacts, done: finished(now), waiting: now.waiting }
    : { total: row.total_contacts, done: row.final_contacts, waiting: 0 };
}

export function CampaignBar({
  name,
  progress: { total, done, waiting },
  words,
}: {
  name: string;
  progress: Progress;
  words: Pick<typeof en, 'progressOf' | 'finished' | 'waiting'>;
}) {
  return (
    <PartsBar
      label={words.progressOf(name)}
      total={total}
      parts={[
        { label: words.finished, value: done, shade: 1 },
        { label: words.waiting, value: waiting, shade: 2 },
      ]}
    />
  );
}
