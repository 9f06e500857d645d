import { useCallback, useMemo, useState } from 'react';
import type { Selection } from '../../ui/virtual-table';
import { type Contact, isArriving } from './contact';
import type { Filters } from './filters';

/** Whom an action is about. */
export interface Chosen {
  readonly count: number;
  readonly ids: ReadonlySet<string>;
  /** All that these leave, loaded or not, instead of `ids`. */
  readonly filter: Filters | null;
}

const NOBODY: ReadonlySet<string> = new Set();

/** Rows that are ticked, or everybody. Other filters end it: what is not seen any more is not meant. */
export function useSelection(rows: readonly Contact[], total: number | undefined, filters: Filters) {
  const place = JSON.stringify(filters);
  const [chosen, setChosen] = useState({ place, ids: NOBODY, everybody: false });
  const isHere = chosen.place === place;
  const everybody = isHere && chosen.everybody;
  const ids = isHere ? chosen.ids : NOBODY;

  const shownIds = useMemo(() => (everybody ? new Set(rows.map(({ id }) => id)) : ids), [everybody, rows, ids]);
  const selection: Selection = useMemo(
    () => ({
      ids: shownIds,
      onChange: (next) =>
        setChosen({ place, ids: new Set([...next].filter((id) => !isArriving({ id }))), everybody: false }),
    }),
    [shownIds, place],
  );
  const whom: Chosen | null = useMemo(() => {
    if (everybody) return { count: total ?? rows.length, ids: NOBODY, filter: filters };
    // Whoever was deleted meanwhile, here or elsewhere, is not chosen any more.
    const there = ids.size ? new Set(rows.filter(({ id }) => ids.has(id)).map(({ id }) => id)) : NOBODY;
    return there.size ? { count: there.size, ids: there, filter: null } : null;
  }, [everybody, total, rows, filters, ids]);

  return {
    selection,
    whom,
    selectAll: useCallback(() => setChosen({ place, ids: NOBODY, everybody: true }), [place]),
    clear: useCallback(() => setChosen({ place: '', ids: NOBODY, everybody: false }), []),
  };
}
