import { type KeyboardEvent, type ReactNode, useId, useRef, useState } from 'react';
import { navigate } from 'wouter/use-browser-location';
import { preload } from '../pages';
import { Icon, type IconName } from './icon';

export interface MenuItem {
  readonly label: string;
  readonly icon?: IconName;
  readonly danger?: boolean;
  /** With a line above it. */
  readonly apart?: boolean;
  readonly disabled?: boolean;
  /** One of several that exclude each other. */
  readonly checked?: boolean;
  /** Where it leads, or what it does. */
  readonly href?: string;
  readonly act?: () => void;
}

interface MenuProps {
  /** What the button shows. */
  children: ReactNode;
  /** What it is called, where it shows no words. */
  label?: string;
  items: readonly MenuItem[];
  className?: string;
}

/** A button with a menu, in the browser's top layer. Arrows, Home, End and Escape work as everywhere. */
export function Menu({ children, label, items, className = 'button button-quiet' }: MenuProps) {
  const id = useId();
  const menu = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  // A list has a menu in every row: what is in it is made when it opens.
  const [open, setOpen] = useState(false);

  const enabled = () => [
    ...(menu.current?.querySelectorAll<HTMLElement>('[role^=menuitem]:not(:disabled)') ?? []),
  ];

  function onKey(event: KeyboardEvent) {
    const all = enabled();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === 'Tab') menu.current?.hidePopover();
    if (to === undefined) return;
    event.preventDefault();
    all[(to + all.length) % all.length]?.focus();
  }

  /** Below the button, or above where there is no room; never off the side. */
  function place() {
    const anchor = button.current?.getBoundingClientRect();
    const box = menu.current;
    if (!anchor || !box) return;
    const { offsetHeight: height, offsetWidth: width } = box;
    const below = anchor.bottom + height + 8 <= innerHeight;
    box.style.top = `${below ? anchor.bottom + 4 : Math.max(8, anchor.top - height - 4)}px`;
    box.style.left = `${Math.max(8, Math.min(anchor.left, innerWidth - width - 8))}px`;
    enabled()[0]?.focus();
  }

  function choose(item: MenuItem) {
    menu.current?.hidePopover();
    if (item.href) navigate(item.href);
    item.act?.();
  }

  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={id}
        aria-label={label}
        title={label}
        popoverTarget={id}
      >
        {children}
      </button>
      <div
        ref={menu}
        id={id}
        popover="auto"
        role="menu"
        tabIndex={-1}
        className="menu"
        onKeyDown={onKey}
        onBeforeToggle={(event) => setOpen(event.newState === 'open')}
        onToggle={(event) => event.newState === 'open' && place()}
      >
        {(open ? items : []).map((item) => (
          <button
            key={item.label}
            type="button"
            {...(item.checked === undefined
              ? { role: 'menuitem' }
              : { role: 'menuitemradio', 'aria-checked': item.checked })}
            tabIndex={-1}
            disabled={item.disabled}
            className={`menu-item${item.danger ? ' menu-item-danger' : ''}${item.apart ? ' menu-item-apart' : ''}`}
            onPointerEnter={() => item.href && preload(item.href)}
            onClick={() => choose(item)}
          >
            {item.icon && <Icon name={item.icon} />}
            <span>{item.label}</span>
            {item.checked && <Icon name="check" />}
          </button>
        ))}
      </div>
    </>
  );
}
