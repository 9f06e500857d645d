import type { Schemas } from '../../api/types';
import { number } from '../../i18n/format';
import { Card, Empty, ErrorState, Skeleton } from '../../ui/layout';
import { Notice } from '../../ui/notice';
import { PhoneNumber } from '../../ui/state';
import { useAudience, type Whom } from './use-audience';
import { useWords } from './words';

type Counts = Schemas['AudienceOut']['audience'];

/** How many would be reached, who is left out and why, and a few of those who are not. */
export function AudiencePreview(whom: Whom) {
  const t = useWords();
  const { data, isError, error, refetch, isPlaceholderData } = useAudience(whom);
  const isChosen = whom.everyone || whom.category_ids.length > 0;
  if (!isChosen)
    return (
      <Card>
        <Empty icon="contacts" title={t.chooseFirst} />
      </Card>
    );
  if (isError && !data)
    return (
      <Card>
        <ErrorState error={error} onRetry={() => void refetch()} />
      </Card>
    );
  return (
    <Card>
      <div className="stack" aria-busy={isPlaceholderData}>
        {data ? (
          <>
            <p className="audience-reached" role="status">
              <strong>{number(data.audience.reached)}</strong> <span>{t.reached}</span>{' '}
              {isPlaceholderData && <span className="spinner" aria-hidden="true" />}
            </p>
            {data.audience.reached === 0 && <Notice tone="warn">{`${t.nobody}. ${t.nobodyExplained}`}</Notice>}
            <LeftOut counts={data.audience} />
            <Sample people={data.sample} />
            <p className="muted small">{t.reachedHint}</p>
          </>
        ) : (
          <Skeleton lines={5} />
        )}
      </div>
    </Card>
  );
}

function LeftOut({ counts }: { counts: Counts }) {
  const t = useWords();
  const reasons = [
    [counts.opted_out, t.optedOut, t.optedOutWhy],
    [counts.not_on_whatsapp, t.notOnWhatsapp, t.notOnWhatsappWhy],
    [counts.duplicates, t.duplicates, t.duplicatesWhy],
  ] as const;
  const found = reasons.filter(([count]) => count > 0);
  return (
    <section>
      <h3>{t.leftOut}</h3>
      {found.length === 0 ? (
        <p className="muted">{t.nobodyLeftOut}</p>
      ) : (
        <ul className="audience-reasons">
          {found.map(([count, words, why]) => (
            <li key={why}>
              <strong>{words(count)}</strong> <span className="muted small">{why}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function Sample({ people }: { people: Schemas['AudienceOut']['sample'] }) {
  const t = useWords();
  if (people.length === 0) return null;
  return (
    <section>
      <h3>{t.sample}</h3>
      <ul className="audience-sample small">
        {people.map(({ id, name, phone }) => (
          <li key={id}>
            <span className="truncate">{name || <span className="muted">{t.noName}</span>}</span>
            <span className="muted">
              <PhoneNumber value={phone} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
