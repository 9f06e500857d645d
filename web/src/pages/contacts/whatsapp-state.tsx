import type { Whatsapp } from './filters';
import { useWords } from './words';

const TONES = { yes: 'good', no: 'bad', unknown: 'neutral' } as const;

export function WhatsappState({ state }: { state: Whatsapp }) {
  const t = useWords();
  return <span className={`pill tone-${TONES[state]}`}>{t.whatsappStates[state]}</span>;
}
