import { reasonText } from '../../campaigns/reasons';
import { useCommon } from '../../i18n/words';
import type { Live } from '../../live/apply';
import { inWords } from '../../senders/reasons';
import { Link } from '../../ui/link';
import { Notice } from '../../ui/notice';
import { useWords as useSenderWords } from '../senders/words';
import { useWords, type Words } from './words';

type Warning = Live['warnings'][number];

const MILD: ReadonlySet<Warning['kind']> = new Set(['sender_errors', 'quota_high', 'upkeep_findings', 'alert']);

/** What a person should look at now, or that there is nothing. */
export function Warnings({ live }: { live: Live }) {
  const t = useWords();
  if (live.warnings.length === 0) return <Notice tone="good">{t.allWell}</Notice>;
  return (
    <section aria-label={t.warnings}>
      <ul className="monitoring-warnings">
        {live.warnings.map((warning) => (
          <li key={warning.kind + warning.subject_id}>
            <WarningNotice warning={warning} live={live} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function WarningNotice({ warning, live }: { warning: Warning; live: Live }) {
  const t = useWords();
  const senderWords = useSenderWords();
  const { reasons } = useCommon();
  const { title, detail, href } = described(t, warning, live);
  return (
    <Notice
      tone={MILD.has(warning.kind) ? 'warn' : 'bad'}
      action={
        href && (
          <Link href={href} as="plain">
            {t.look}
          </Link>
        )
      }
    >
      <strong>{title}</strong>
      {detail && (
        <div className="small">
          {warning.kind === 'sender_stopped' ? inWords(senderWords, detail) : reasonText(reasons, detail)}
        </div>
      )}
    </Notice>
  );
}

function described(t: Words, { kind, subject_id: id, text, value }: Warning, live: Live) {
  if (kind === 'component_down') return { title: t.componentDown(id ?? ''), detail: null, href: null };
  if (kind === 'webhook_silence') return { title: t.webhookSilence, detail: t.webhookSilenceTodo, href: null };
  if (kind === 'upkeep_findings') return { title: t.upkeepFindings, detail: null, href: null };
  if (kind === 'installation_held') return { title: t.installationHeld, detail: null, href: null };
  const sender = live.senders.find((each) => each.id === id);
  const campaign = live.campaigns.find((each) => each.id === id);
  if (kind === 'no_worker') return { title: t.noWorker, detail: t.noWorkerTodo, href: null };
  if (sender && kind === 'quota_high')
    return { title: t.quotaHigh(sender.name, value ?? 1), detail: null, href: `/senders?sender=${sender.id}` };
  if (sender) {
    const title =
      kind === 'sender_stopped' ? t.senderStopped(sender.name) : t.senderErrors(sender.name, sender.error_rate);
    const detail = kind === 'sender_stopped' ? sender.status_reason : null;
    return { title, detail, href: `/senders?sender=${sender.id}` };
  }
  if (campaign)
    return {
      title: t.campaignNotStarted(campaign.name),
      detail: campaign.start_problem,
      href: `/campaigns/${campaign.id}`,
    };
  return { title: text, detail: null, href: null };
}
