import { type ReactNode, useEffect, useRef, useState } from 'react';

interface TableBoxProps {
  /** What its table lists. */
  label: string;
  className?: string;
  children: ReactNode;
}

/** Around a table: scrolls sideways where it has no room, by the keyboard too, and only then is a stop for it. */
export function TableBox({ label, className, children }: TableBoxProps) {
  const { ref, overflows } = useOverflow();
  return (
    <div
      ref={ref}
      className={className ? `table-box ${className}` : 'table-box'}
      {...(overflows && { role: 'group', 'aria-label': label, tabIndex: 0 })}
    >
      {children}
    </div>
  );
}

function useOverflow() {
  const ref = useRef<HTMLDivElement>(null);
  const [overflows, setOverflows] = useState(false);
  useEffect(() => {
    const box = ref.current;
    if (!box) return;
    const watch = new ResizeObserver(() => setOverflows(box.scrollWidth > box.clientWidth));
    for (const each of [box, ...box.children]) watch.observe(each);
    return () => watch.disconnect();
  }, []);
  return { ref, overflows };
}
