// How live the page is. A stream that breaks for a moment comes back without anybody noticing; what lasts is said.

import { Store } from '../store';

/** `live`: events come; `reconnecting`: they do not, yet; `polling`: they do not, so we ask every few seconds. */
export type Connection = 'live' | 'connecting' | 'reconnecting' | 'polling';

export const connection = new Store<Connection>('connecting');
