// An entry of a timeline in words. The API puts a kind and a text into one: `text: yes`, `expired: max_age`.

import type { Schemas } from '../../api/types';
import { reasonText } from '../../campaigns/reasons';
import type { CampaignWords } from './words';

type Entry = Pick<Schemas['TimelineEntry'], 'kind' | 'message_type' | 'detail'>;
type Named = Readonly<Record<string, string>>;

function cut(detail: string | null): readonly [string, string] {
  const [first = '', ...rest] = (detail ?? '').split(': ');
  return [first, rest.join(': ')];
}

export function entryTitle(t: CampaignWords, { kind, message_type, detail }: Entry): string {
  const message = message_type === 'message_2' ? t.message2 : t.message1;
  const [first] = cut(detail);
  switch (kind) {
    case 'message_sent':
    case 'message_delivered':
    case 'message_read':
    case 'message_failed':
      return t.kinds[kind](message);
    case 'interaction':
      return t.kinds.interaction((t.interactions as Named)[first] ?? first);
    case 'state':
      return t.kinds.state((t.state as Named)[first] ?? first);
    default:
      return kind;
  }
}

export function entryDetail(reasons: Parameters<typeof reasonText>[0], { kind, detail }: Entry): string {
  const [, rest] = cut(detail);
  if (kind === 'state') return reasonText(reasons, rest);
  if (kind === 'message_failed') return reasonText(reasons, detail ?? '');
  return kind === 'interaction' ? rest : (detail ?? '');
}
