import type { ReactNode } from 'react';
import { Link as RouterLink } from 'wouter';
import { preload } from '../pages';
import type { ButtonKind } from './button';
import { Icon, type IconName } from './icon';

interface LinkProps {
  href: string;
  children: ReactNode;
  /** Looks like a button of that kind. */
  as?: ButtonKind | undefined;
  size?: 'small' | undefined;
  icon?: IconName | undefined;
  className?: string | undefined;
  current?: boolean | undefined;
  onClick?: (() => void) | undefined;
}

/** A link inside of the dashboard; its page is fetched as soon as somebody looks like following it. */
export function Link({ href, children, as, size, icon, className, current, onClick }: LinkProps) {
  const fetchPage = () => preload(href);
  return (
    <RouterLink
      href={href}
      className={className ?? (as ? `button button-${as}${size ? ' button-small' : ''}` : 'link')}
      aria-current={current ? 'page' : undefined}
      onPointerEnter={fetchPage}
      onFocus={fetchPage}
      onClick={onClick}
    >
      {icon && <Icon name={icon} />}
      {children}
    </RouterLink>
  );
}
