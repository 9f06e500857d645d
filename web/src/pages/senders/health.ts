// What the gateway's answer about an account means for whoever looks after it.

import type { Schemas } from '../../api/types';

export type Health = Schemas['SenderHealth'];
export type HealthKind = 'ready' | 'scan' | 'otherNumber' | 'elsewhere' | 'device' | 'offline' | 'away';

const digits = (phone: string): string => phone.replace(/\D/g, '');

export function healthOf(health: Health, expectedPhone: string, isMeta = false): HealthKind {
  if (!health.reachable) return 'away';
  if (health.phone && digits(health.phone) !== digits(expectedPhone)) return 'otherNumber';
  if (health.usable) return 'ready';
  if (isMeta) return 'device';
  if (health.scan_needed) return 'scan';
  if (health.session === 'conflict') return 'elsewhere';
  return health.session === 'online' ? 'device' : 'offline';
}
