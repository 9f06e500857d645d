import { type KeyboardEvent, type ReactNode, useId } from 'react';

interface Tab {
  readonly id: string;
  readonly label: ReactNode;
}

interface TabsProps {
  label: string;
  tabs: readonly Tab[];
  current: string;
  onChange: (id: string) => void;
  /** What belongs to the current tab. */
  children: ReactNode;
}

export function Tabs({ label, tabs, current, onChange, children }: TabsProps) {
  const id = useId();

  function onKey(event: KeyboardEvent<HTMLDivElement>) {
    const at = tabs.findIndex((tab) => tab.id === current);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    const next = to === undefined ? undefined : tabs[(to + tabs.length) % tabs.length];
    if (!next) return;
    event.preventDefault();
    onChange(next.id);
    document.getElementById(`${id}-${next.id}`)?.focus();
  }

  return (
    <>
      <div className="tabs" role="tablist" aria-label={label} onKeyDown={onKey}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            id={`${id}-${tab.id}`}
            type="button"
            role="tab"
            className="tab"
            aria-selected={tab.id === current}
            aria-controls={`${id}-panel`}
            tabIndex={tab.id === current ? 0 : -1}
            onClick={() => onChange(tab.id)}
          >
            {tab.label}
          </button>
        ))}
      </div>
      <div id={`${id}-panel`} role="tabpanel" aria-labelledby={`${id}-${current}`}>
        {children}
      </div>
    </>
  );
}

/** A choice of few, side by side, such as the span of a chart. */
export function Segments({ label, tabs, current, onChange }: Omit<TabsProps, 'children'>) {
  const name = useId();
  return (
    <fieldset className="segments">
      <legend className="hidden">{label}</legend>
      {tabs.map((tab) => (
        <label key={tab.id} className="segment">
          <input type="radio" name={name} checked={tab.id === current} onChange={() => onChange(tab.id)} />
          <span>{tab.label}</span>
        </label>
      ))}
    </fieldset>
  );
}
