import { Batches } from './batches';
import type { Campaign } from './data';
import { Lanes } from './lanes';
import { PaceChanges } from './pace-changes';

/** Who sends it, how fast, and why no faster. */
export function Senders({ campaign }: { campaign: Campaign }) {
  return (
    <div className="stack">
      <Lanes campaign={campaign} />
      <div className="pace-columns">
        <PaceChanges campaign={campaign} />
        <Batches campaign={campaign} />
      </div>
    </div>
  );
}
