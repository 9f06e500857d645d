import { duration } from '../../i18n/format';
import { useStore } from '../../store';
import { Button } from '../../ui/button';
import { Link } from '../../ui/link';
import { Notice } from '../../ui/notice';
import { type Estimate, enoughTime, lengthOf, limitOf, worstHold } from './estimate';
import type { DraftKeeper } from './keeper';
import { hrefOf } from './step';
import { useSenders } from './use-senders';
import { useWords } from './words';

interface WaysProps {
  keeper: DraftKeeper;
  estimate: Estimate;
  /** How many more senders like the first would be enough, where that was found out. */
  sendersToAdd?: number | null;
  title?: string;
}

/** Why it does not fit, with its numbers; and what to do about it, one press each. */
export function WaysOut({ keeper, estimate, sendersToAdd, title }: WaysProps) {
  const t = useWords();
  const { form } = useStore(keeper.store);
  const free = useSenders().filter(({ id, status }) => status === 'active' && !form.sender_ids.includes(id));
  const enough = enoughTime(estimate);
  const needs = lengthOf(estimate);
  const has = duration(limitOf(estimate));
  const isStuck = worstHold(estimate) === 'unavailable';
  const [first] = free;
  return (
    <Notice tone="bad">
      <strong>{title ?? t.fitsNot}</strong>
      <p>{needs === null ? t.fitsNotFar(has) : t.fitsNotExplained(duration(needs), has)}</p>
      <fieldset className="ways">
        <legend className="hidden">{t.waysOut}</legend>
        {enough !== null && (
          <Button size="small" icon="clock" onClick={() => keeper.change({ max_age_s: enough })}>
            {t.lastFor(duration(enough))}
          </Button>
        )}
        {first && (
          <Button
            size="small"
            icon="plus"
            onClick={() => keeper.change({ sender_ids: [...form.sender_ids, first.id] })}
          >
            {t.addThis(first.name)}
          </Button>
        )}
        {(isStuck || (!first && sendersToAdd)) && (
          <Link href="/senders" className="button button-plain button-small">
            {sendersToAdd ? t.addMore(sendersToAdd) : t.seeSenders}
          </Link>
        )}
        <Link href={hrefOf('audience')} className="button button-plain button-small">
          {t.fewer}
        </Link>
      </fieldset>
    </Notice>
  );
}
