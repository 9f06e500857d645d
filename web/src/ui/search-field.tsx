import { useEffect, useState } from 'react';
import { Icon } from './icon';
import { useSearchParam } from './url-state';

const WAIT_MS = 250;

/** A search that stands in the address too, so that it can be sent on and come back to. */
export function SearchField({ label, name = 'q' }: { label: string; name?: string }) {
  const [searched, search] = useSearchParam(name);
  const [text, setText] = useState(searched);
  // Back and forward change the address under it.
  useEffect(() => setText(searched), [searched]);
  useEffect(() => {
    if (text === searched) return;
    const timer = setTimeout(() => search(text), WAIT_MS);
    return () => clearTimeout(timer);
  }, [text, searched, search]);
  return (
    <div className="search">
      <Icon name="search" />
      <input
        className="input"
        type="search"
        aria-label={label}
        placeholder={label}
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
      />
    </div>
  );
}
