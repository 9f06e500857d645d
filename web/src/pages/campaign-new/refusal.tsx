import { useEffect, useRef } from 'react';
import { failure } from '../../api/failure';
import { ApiProblem } from '../../api/problem';
import { Link } from '../../ui/link';
import { Notice } from '../../ui/notice';
import type { Estimate } from './estimate';
import type { DraftKeeper } from './keeper';
import { hrefOf } from './step';
import { WaysOut } from './ways-out';
import { useWords, type Words } from './words';

const NOBODY = 'Nobody to write to';
const ENDED = 'Campaign has ended';

/** Why the API did not start it: with its own numbers, in our words where it has a case of ours. */
export function Refusal({ keeper, problem }: { keeper: DraftKeeper; problem: Error }) {
  const t = useWords();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), []);
  const more = problem instanceof ApiProblem ? problem.more : {};
  const estimate = more['estimate'] as Estimate | undefined;
  return (
    <div ref={box} tabIndex={-1} className="refusal">
      {estimate ? (
        <WaysOut
          keeper={keeper}
          estimate={estimate}
          title={t.refused}
          sendersToAdd={(more['senders_to_add'] ?? null) as number | null}
        />
      ) : (
        <Notice tone="bad" action={<Link href={hrefOf('audience')}>{t.fix}</Link>}>
          <strong>{t.refused}</strong>
          <p>{reason(t, problem)}</p>
        </Notice>
      )}
    </div>
  );
}

function reason(t: Words, problem: Error): string {
  const title = problem instanceof ApiProblem ? problem.title : '';
  if (title === NOBODY) return t.refusedNobody;
  return title === ENDED ? t.refusedEnded : failure(problem);
}
