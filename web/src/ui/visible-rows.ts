// Which rows of a long list are seen. All rows are of one height, so this is a division: a library that measures rows
// of any height would weigh more than all of this kit.

import { type RefObject, useEffect, useState } from 'react';

/** Ready above and below what is seen. */
const MARGIN = 12;
/** So many come and go at once: more would make one frame long, fewer all of them. */
const STEP = 2;

export interface Range {
  readonly first: number;
  /** After the last. */
  readonly end: number;
}

export function rangeOf(top: number, height: number, rowPx: number, count: number): Range {
  const first = Math.floor(top / rowPx / STEP) * STEP - MARGIN;
  const end = Math.ceil((top + height) / rowPx / STEP) * STEP + MARGIN;
  return { first: Math.max(0, Math.min(first, count)), end: Math.max(0, Math.min(end, count)) };
}

export function useVisibleRows(box: RefObject<HTMLElement | null>, count: number, rowPx: number): Range {
  const [{ first, end }, setRange] = useState<Range>({ first: 0, end: 0 });
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = () => {
      const range = rangeOf(element.scrollTop, element.clientHeight, rowPx, count);
      setRange((before) => (before.first === range.first && before.end === range.end ? before : range));
    };
    const watch = new ResizeObserver(look);
    watch.observe(element);
    element.addEventListener('scroll', look, { passive: true });
    look();
    return () => {
      watch.disconnect();
      element.removeEventListener('scroll', look);
    };
  }, [box, count, rowPx]);
  return { first, end: Math.min(end, count) };
}

/** Scrolls as little as it takes for a row to be seen below the head of its table, which is as high as a row. */
export function showRow(element: HTMLElement, index: number, rowPx: number): void {
  const top = index * rowPx;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (top + 2 * rowPx > element.scrollTop + element.clientHeight)
    element.scrollTop = top + 2 * rowPx - element.clientHeight;
}
