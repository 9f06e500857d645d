import type { ReactNode } from 'react';
import { Icon, type IconName } from './icon';

export type Tone = 'neutral' | 'good' | 'info' | 'warn' | 'bad';

export const TONE_ICONS: Record<Tone, IconName> = {
  neutral: 'info',
  good: 'check',
  info: 'info',
  warn: 'warning',
  bad: 'error',
};

/** Something to know, in its place; an error is read out at once. */
export function Notice({
  tone = 'info',
  children,
  action,
}: {
  tone?: Tone;
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <div className={`notice tone-${tone}`} role={tone === 'bad' ? 'alert' : undefined}>
      <Icon name={TONE_ICONS[tone]} />
      <div className="notice-text">{children}</div>
      {action}
    </div>
  );
}
