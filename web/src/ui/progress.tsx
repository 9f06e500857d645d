import type { ReactNode } from 'react';
import { number, percent } from '../i18n/format';

export interface Part {
  readonly label: string;
  readonly value: number;
  /** Which colour of the scale of parts, from 1. */
  readonly shade: 1 | 2 | 3 | 4 | 5;
}

interface ProgressProps {
  /** What it is about, for those who do not see it. */
  label: string;
  value: number;
  max: number;
  /** Instead of the percentage. */
  text?: string;
  tone?: 'good' | 'warn' | 'bad';
}

/** How far something got. Long work without an end that is known has `max` 0. */
export function Progress({ label, value, max, text, tone = 'good' }: ProgressProps) {
  const rate = max > 0 ? Math.min(1, value / max) : 0;
  return (
    <div
      className={`progress tone-${tone}${max > 0 ? '' : ' progress-endless'}`}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max || undefined}
      aria-valuenow={max > 0 ? Math.min(value, max) : undefined}
      aria-valuetext={text ?? (max > 0 ? percent(rate) : undefined)}
    >
      <div className="progress-bar" style={{ inlineSize: `${rate * 100}%` }} />
    </div>
  );
}

/** A bar of several parts, with what each is. */
export function PartsBar({
  label,
  parts,
  total,
  legend,
}: {
  label: string;
  parts: readonly Part[];
  total: number;
  legend?: boolean;
}) {
  const spoken = parts.map((part) => `${part.label}: ${number(part.value)}`).join(', ');
  return (
    <>
      <div className="parts" role="img" aria-label={`${label}: ${spoken}`}>
        {parts.map(({ label: name, value, shade }) => (
          <div
            key={name}
            className={`part shade-${shade}`}
            style={{ inlineSize: `${total > 0 ? (100 * value) / total : 0}%` }}
          />
        ))}
      </div>
      {legend && (
        <ul className="legend" aria-hidden="true">
          {parts.map(({ label: name, value, shade }) => (
            <li key={name}>
              <span className={`legend-dot shade-${shade}`} />
              {name} <strong>{number(value)}</strong>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const RADIUS = 52;
const HALF_TURN = Math.PI * RADIUS;

interface GaugeProps {
  label: string;
  value: number;
  max: number;
  /** In the middle. */
  children: ReactNode;
}

/** Half a circle that fills. Nearly full is a warning. */
export function Gauge({ label, value, max, children }: GaugeProps) {
  const rate = max > 0 ? Math.min(1, value / max) : 0;
  const tone = rate >= 1 ? 'bad' : rate >= 0.9 ? 'warn' : 'good';
  return (
    <div
      className={`gauge tone-${tone}`}
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={max}
      aria-valuenow={Math.min(value, max)}
    >
      <svg viewBox="0 0 120 64" aria-hidden="true">
        <path className="gauge-track" d="M8 60a52 52 0 0 1 104 0" />
        <path
          className="gauge-value"
          d="M8 60a52 52 0 0 1 104 0"
          strokeDasharray={`${rate * HALF_TURN} ${HALF_TURN}`}
        />
      </svg>
      <div className="gauge-text">{children}</div>
    </div>
  );
}
