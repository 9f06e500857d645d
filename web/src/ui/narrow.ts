import { useSyncExternalStore } from 'react';

const narrow = globalThis.matchMedia?.('(width < 56rem)');

function subscribe(listener: () => void): () => void {
  narrow?.addEventListener('change', listener);
  return () => narrow?.removeEventListener('change', listener);
}

/** Whether the window is as narrow as a phone: the same limit as in the styles. */
export const useNarrow = (): boolean => useSyncExternalStore(subscribe, () => narrow?.matches ?? false);
