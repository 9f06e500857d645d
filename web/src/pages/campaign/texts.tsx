import { duration, number } from '../../i18n/format';
import { Card } from '../../ui/layout';
import type { Campaign } from './data';
import { useWords } from './words';

/** Both messages as they were written, and the rules of the campaign. */
export function Texts({ campaign }: { campaign: Campaign }) {
  const t = useWords();
  const audience = campaign.everyone ? t.everyone : t.categories(campaign.category_ids.length);
  const facts = [
    [t.audience, audience],
    [t.lanes, t.senderCount(campaign.sender_ids.length)],
    [t.window, duration(campaign.window_s)],
    [t.maxAge, duration(campaign.max_age_s)],
    [t.batchSize, number(campaign.batch_size)],
  ] as const;
  return (
    <Card title={t.texts}>
      <div className="stack">
        <Bubble label={t.message1} text={campaign.message_1} />
        <Bubble label={t.message2} text={campaign.message_2} />
        <dl className="facts">
          {facts.map(([label, value]) => (
            <div key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </div>
    </Card>
  );
}

function Bubble({ label, text }: { label: string; text: string }) {
  return (
    <div>
      <h3 className="small muted">{label}</h3>
      <p className="bubble">{text}</p>
    </div>
  );
}
