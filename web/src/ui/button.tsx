import type { MouseEvent, ReactNode } from 'react';
import { Icon, type IconName } from './icon';

export type ButtonKind = 'primary' | 'plain' | 'quiet' | 'danger';

interface ButtonProps {
  children?: ReactNode;
  kind?: ButtonKind | undefined;
  icon?: IconName | undefined;
  /** For a button that shows only its icon. */
  label?: string | undefined;
  type?: 'button' | 'submit' | undefined;
  /** The id of the form that it submits, where it stands outside of it. */
  form?: string | undefined;
  size?: 'small' | 'normal' | undefined;
  wide?: boolean | undefined;
  /** Under way: it stays where it is, keeps the focus, and does nothing. */
  busy?: boolean | undefined;
  disabled?: boolean | undefined;
  pressed?: boolean | undefined;
  popoverTarget?: string | undefined;
  onClick?: ((event: MouseEvent<HTMLButtonElement>) => void) | undefined;
}

export function Button({
  children,
  kind = 'plain',
  icon,
  label,
  type = 'button',
  form,
  size = 'normal',
  wide,
  busy,
  disabled,
  pressed,
  popoverTarget,
  onClick,
}: ButtonProps) {
  return (
    <button
      type={type}
      form={form}
      className={`button button-${kind}${size === 'small' ? ' button-small' : ''}${wide ? ' button-wide' : ''}${children ? '' : ' button-icon'}`}
      aria-label={label}
      title={children ? undefined : label}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      aria-pressed={pressed}
      disabled={disabled}
      popoverTarget={popoverTarget}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    >
      {busy ? <span className="spinner" aria-hidden="true" /> : icon && <Icon name={icon} />}
      {children}
    </button>
  );
}
