// The parts of a page: its head, its cards, its numbers, and what stands in for what is not there (yet).

import { type ReactNode, useEffect, useId } from 'react';
import { failure } from '../api/failure';
import { useCommon } from '../i18n/words';
import { Button } from './button';
import { Icon, type IconName } from './icon';
import type { Tone } from './notice';

/** The one h1 of a page, which also names the tab. It gets the focus when its page is opened. */
export function PageHeader({ title, sub, actions }: { title: string; sub?: ReactNode; actions?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Relance`;
  }, [title]);
  return (
    <header className="page-header">
      <div>
        <h1 tabIndex={-1}>{title}</h1>
        {sub && <p className="muted">{sub}</p>}
      </div>
      {actions && <div className="page-actions">{actions}</div>}
    </header>
  );
}

interface CardProps {
  title?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  /** Without room around its content, for tables. */
  flush?: boolean;
}

export function Card({ title, actions, children, flush }: CardProps) {
  const id = useId();
  return (
    <section className={flush ? 'card card-flush' : 'card'} aria-labelledby={title ? id : undefined}>
      {(title || actions) && (
        <div className="card-head">
          {title && <h2 id={id}>{title}</h2>}
          {actions}
        </div>
      )}
      {children}
    </section>
  );
}

interface StatTileProps {
  label: string;
  value: ReactNode;
  /** A second line, such as a rate. */
  note?: ReactNode;
  tone?: Tone;
}

export function StatTile({ label, value, note, tone = 'neutral' }: StatTileProps) {
  return (
    <div className={`tile tone-${tone}`}>
      <dt>{label}</dt>
      <dd>
        <span className="tile-value">{value}</span>
        {note && <span className="tile-note">{note}</span>}
      </dd>
    </div>
  );
}

/** StatTiles in a row that fits. */
export const StatTiles = ({ children }: { children: ReactNode }) => <dl className="tiles">{children}</dl>;

interface EmptyProps {
  icon: IconName;
  title: string;
  children?: ReactNode;
  /** What to do about it. */
  action?: ReactNode;
}

export function Empty({ icon, title, children, action }: EmptyProps) {
  return (
    <div className="empty">
      <Icon name={icon} />
      <p className="empty-title">{title}</p>
      {children && <div className="muted">{children}</div>}
      {action}
    </div>
  );
}

/** What could not be loaded, why, and a way to try again. */
export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: (() => void) | undefined }) {
  const t = useCommon();
  return (
    <div className="empty" role="alert">
      <Icon name="error" />
      <p className="empty-title">{t.notLoaded}</p>
      <p className="muted">{failure(error)}</p>
      {onRetry && (
        <Button icon="refresh" onClick={onRetry}>
          {t.tryAgain}
        </Button>
      )}
    </div>
  );
}

/** Stands where something will be, in about its size. */
export function Skeleton({ lines = 1, height }: { lines?: number; height?: string }) {
  return (
    <div className="skeletons" aria-hidden="true">
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all the same
        <div key={line} className="skeleton" style={height ? { blockSize: height } : undefined} />
      ))}
    </div>
  );
}
