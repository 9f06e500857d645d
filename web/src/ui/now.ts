import { Store, useStore } from '../store';

const EVERY_MS = 15_000;
const now = new Store(Date.now());

// One clock for every relative time on the page.
if (typeof window !== 'undefined') setInterval(() => now.set(Date.now()), EVERY_MS);

/** The time; what shows it is drawn again every quarter of a minute. What has just happened is never in the future. */
export function useNow(): number {
  useStore(now);
  return Date.now();
}
