// What an estimate says, in numbers.

import type { Schemas } from '../../api/types';

export type Estimate = Schemas['EstimateOut'];

/** What holds it up for longest, as far as it has a name. */
export const worstHold = ({ held_up_by }: Estimate): string | undefined => Object.keys(held_up_by)[0];

const MARGIN = 1.1;
const LONGEST_S = 90 * 86_400;
const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

/** A maximum age in which it would fit, in whole hours, or in whole days where it takes days. */
export function enoughTime({ closes_at, estimated_at }: Estimate): number | null {
  if (!closes_at) return null;
  const needed = ((Date.parse(closes_at) - Date.parse(estimated_at)) / 1000) * MARGIN;
  const step = needed > 2 * DAY_S ? DAY_S : HOUR_S;
  return Math.min(LONGEST_S, Math.ceil(needed / step) * step);
}

/** How long it takes, in seconds. */
export const lengthOf = ({ closes_at, estimated_at }: Estimate): number | null =>
  closes_at ? (Date.parse(closes_at) - Date.parse(estimated_at)) / 1000 : null;

/** How long it may take. */
export const limitOf = ({ closes_by, estimated_at }: Estimate): number =>
  (Date.parse(closes_by) - Date.parse(estimated_at)) / 1000;
