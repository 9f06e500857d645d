// Filters live in the address: a page that is loaded again, sent on or gone back to shows the same.

import { useCallback } from 'react';
import { useSearch } from 'wouter';
import { navigate } from 'wouter/use-browser-location';

/** A parameter of the address, '' when it is not there, and a way to change it. */
export function useSearchParam(name: string): readonly [string, (value: string) => void] {
  const value = new URLSearchParams(useSearch()).get(name) ?? '';
  const set = useCallback(
    (next: string) => {
      const params = new URLSearchParams(location.search);
      if (next) params.set(name, next);
      else params.delete(name);
      navigate(params.size ? `${location.pathname}?${params}` : location.pathname, { replace: true });
    },
    [name],
  );
  return [value, set];
}

const STAYS = 'stays';

/** Another address for the page that is shown: whoever works in it stays where they are. */
export const replaceAddress = (href: string): void => navigate(href, { replace: true, state: STAYS });

/** Whether the address came that way. */
export const hasStayed = (): boolean => history.state === STAYS;
