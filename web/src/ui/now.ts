import { Store, useStore } from '../store';

const EVERY_MS = 15_000;
const now = new Store(Date.now());

// One clock for every relative time on the page.
if (typeof window !== 'undefined') setInterval(() => now.set(Date.now()), EVERY_MS);

/** The time, right to a quarter of a minute. */
export const useNow = (): number => useStore(now);
