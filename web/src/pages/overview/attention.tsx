import { reasonText } from '../../campaigns/reasons';
import { useCommon } from '../../i18n/words';
import type { Live } from '../../live/apply';
import { inWords } from '../../senders/reasons';
import { Link } from '../../ui/link';
import { Notice } from '../../ui/notice';
import { useWords as useSenderWords } from '../senders/words';
import { type Finding, findings } from './findings';
import { useWords } from './words';

export function Attention({ live, failuresToday }: { live: Live; failuresToday: number }) {
  const t = useWords();
  const senderWords = useSenderWords();
  const { reasons } = useCommon();
  const detailOf = ({ kind, detail }: Finding) =>
    detail && (kind === 'senderStopped' ? inWords(senderWords, detail) : reasonText(reasons, detail));
  const found = findings(live, failuresToday);
  if (found.length === 0) return null;
  return (
    <section aria-labelledby="attention">
      <h2 id="attention" className="overview-head">
        {t.attention}
      </h2>
      <ul className="findings">
        {found.map((finding) => (
          <li key={finding.kind + finding.id}>
            <Notice
              tone={finding.tone}
              action={
                <Link href={finding.href} as="plain" size="small">
                  {t.look}
                </Link>
              }
            >
              <strong>{wordsFor(t, finding)}</strong>
              {finding.detail && <div className="muted small">{detailOf(finding)}</div>}
            </Notice>
          </li>
        ))}
      </ul>
    </section>
  );
}

function wordsFor(t: ReturnType<typeof useWords>, { kind, name, value }: Finding): string {
  switch (kind) {
    case 'noWorker':
      return t.noWorker;
    case 'failedToday':
      return t.failedToday(value);
    case 'senderErrors':
    case 'quotaHigh':
      return t[kind](name, value);
    case 'webhookSilence':
    case 'upkeepFindings':
    case 'installationHeld':
      return t[kind];
    case 'alert':
      return name;
    default:
      return t[kind](name);
  }
}
