import { Card } from '../../ui/layout';
import { ResultsLink } from './actions';
import type { Campaign, Statistics } from './data';
import { type CampaignWords, useWords } from './words';

/** What it came to, in words. */
export function Report({ campaign, statistics }: { campaign: Campaign; statistics: Statistics }) {
  const t = useWords();
  if (!campaign.started_at)
    return (
      <Card title={t.report}>
        <p>{t.neverStarted}</p>
      </Card>
    );
  return (
    <Card title={t.report} actions={<ResultsLink id={campaign.id} />}>
      <p className="report">{sentences(t, campaign, statistics).join(' ')}</p>
    </Card>
  );
}

function sentences(t: CampaignWords, campaign: Campaign, statistics: Statistics): readonly string[] {
  const { messages_1_sent: sent, contacts_replied: reacted, interaction_rate: rate } = statistics;
  const of = (state: string) => statistics.contacts_by_state[state] ?? 0;
  const reasons: Readonly<Record<string, string>> = t.reasons;
  const untouched = of('cancelled') + of('expired');
  const seconds = (Date.parse(campaign.closed_at ?? '') - Date.parse(campaign.started_at ?? '')) / 1000;
  return [
    t.reachedText(sent, statistics.enrolled_contacts),
    reacted > 0 ? t.reactedText(reacted, rate) : '',
    t.followedText(of('message_2_sent')),
    of('no_interaction') + of('late_interaction') > 0
      ? t.silentText(of('no_interaction'), of('late_interaction'))
      : '',
    of('failed') + of('opted_out') > 0 ? t.troubleText(of('failed'), of('opted_out')) : '',
    untouched > 0 ? t.untouchedText(untouched) : '',
    Number.isFinite(seconds) ? t.took(seconds) : '',
    reasons[campaign.close_reason ?? ''] ?? '',
  ].filter(Boolean);
}
