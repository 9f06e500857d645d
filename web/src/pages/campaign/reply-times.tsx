import { number } from '../../i18n/format';
import { Card } from '../../ui/layout';
import type { Statistics } from './data';
import { useWords } from './words';

/** How many contacts reacted how soon, each in one class. */
export function ReplyTimes({ statistics }: { statistics: Statistics }) {
  const t = useWords();
  const names: Readonly<Record<string, string>> = t.replyTime;
  const classes = statistics.reply_times;
  const largest = Math.max(1, ...classes.map(({ contacts }) => contacts));
  return (
    <Card title={t.replyTimes}>
      {statistics.contacts_replied === 0 ? (
        <p className="muted">{t.noReplies}</p>
      ) : (
        <dl className="reply-times">
          {classes.map(({ name, contacts }) => (
            <div key={name}>
              <dt className="small">{names[name] ?? name}</dt>
              <dd className="funnel-track" aria-hidden="true">
                <div className="funnel-bar" style={{ inlineSize: `${(100 * contacts) / largest}%` }} />
              </dd>
              <dd className="numeric">{number(contacts)}</dd>
            </div>
          ))}
        </dl>
      )}
    </Card>
  );
}
