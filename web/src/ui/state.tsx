// Small things that say how something is.

import type { ReactNode } from 'react';
import { date, dateTime, relative } from '../i18n/format';
import { useCommon } from '../i18n/words';
import type { Tone } from './notice';
import { useNow } from './now';

export function Badge({ children, colour }: { children: ReactNode; colour?: string }) {
  return (
    <span className="badge">
      {colour && <span className="badge-dot" style={{ background: colour }} />}
      {children}
    </span>
  );
}

/** The states of campaigns, senders, messages and imports, by how much they ask of whoever looks. */
const TONES: Readonly<Record<string, Tone>> = {
  running: 'good',
  active: 'good',
  sending: 'good',
  completed: 'neutral',
  delivered: 'good',
  read: 'good',
  scheduled: 'info',
  queued: 'info',
  paused: 'warn',
  stopped: 'bad',
  failed: 'bad',
  cancelled: 'neutral',
};

/** A state in words, with a colour that says the same. `state` is the API's name for it; `text` says it otherwise. */
export function StatusPill({
  state,
  tone,
  text,
}: {
  state: string;
  tone?: Tone | undefined;
  text?: string | undefined;
}) {
  const t = useCommon();
  const words: Readonly<Record<string, string>> = t.states;
  return (
    <span className={`pill tone-${tone ?? TONES[state] ?? 'neutral'}`}>{text ?? words[state] ?? state}</span>
  );
}

/** How long ago, with the exact time for whoever points at it. */
export function Time({ at, exact }: { at: string; exact?: boolean }) {
  const now = useNow();
  return (
    <time dateTime={at} title={dateTime(at)}>
      {exact ? dateTime(at) : Math.abs(now - Date.parse(at)) > 7 * 86_400_000 ? date(at) : relative(at, now)}
    </time>
  );
}

/** +33639980001 as +33 6 39 98 00 01, and others in groups of three. */
export function PhoneNumber({ value }: { value: string }) {
  return <span className="phone">{phoneText(value)}</span>;
}

/** The same where there is no room for an element, as in an option. */
export function phoneText(phone: string): string {
  const french = /^\+33(\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(phone);
  if (french) return ['+33', ...french.slice(1)].join(' ');
  const american = /^\+1(\d{3})(\d{3})(\d{4})$/.exec(phone);
  if (american) return ['+1', ...american.slice(1)].join(' ');
  return phone.replace(
    /^(\+\d\d)(\d+)$/,
    (_, code: string, rest: string) => `${code} ${rest.replace(/(\d{3})(?=\d)/g, '$1 ')}`,
  );
}
