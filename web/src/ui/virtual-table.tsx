import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useCommon } from '../i18n/words';
import { Checkbox } from './field';
import { ErrorState } from './layout';
import { useNarrow } from './narrow';
import type { Column } from './table';
import { showRow, useVisibleRows } from './visible-rows';

const ROW_PX = 44;
const AHEAD = 60;

export interface Selection {
  readonly ids: ReadonlySet<string>;
  readonly onChange: (ids: ReadonlySet<string>) => void;
}

interface VirtualTableProps<Row extends { readonly id: string }> {
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  /** How many there are on the server, when that is known: the scroll bar is made for all of them. */
  total?: number | undefined;
  hasMore: boolean;
  loadingMore: boolean;
  onMore: () => void;
  /** Why the next rows did not come. */
  error?: unknown;
  selection?: Selection | undefined;
  /** Enter, or a click on the row. */
  onOpen?: ((row: Row) => void) | undefined;
  /** What to show without any rows. */
  empty: ReactNode;
}

/**
 * A list of any length: only the rows that are seen are there, and more come before the end is reached. The arrow keys,
 * Page Up and Down, Home and End move; Space selects, Enter opens.
 */
export function VirtualTable<Row extends { readonly id: string }>(props: VirtualTableProps<Row>) {
  const { label, rows, total, hasMore, loadingMore, onMore, error, selection, onOpen, empty } = props;
  const t = useCommon();
  const isNarrow = useNarrow();
  const columns = props.columns.filter(({ minor }) => !(minor && isNarrow));
  const box = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const count = hasMore ? Math.max(total ?? 0, rows.length + 1) : rows.length;
  const visible = useVisibleRows(box, count, ROW_PX);
  useEffect(() => {
    if (hasMore && !loadingMore && !error && visible.end + AHEAD >= rows.length) onMore();
  }, [hasMore, loadingMore, error, visible.end, rows.length, onMore]);

  const layout = [
    ...(selection ? ['2.75rem'] : []),
    ...columns.map(({ width, actions }) => width ?? (actions ? '3rem' : 'minmax(0, 1fr)')),
  ].join(' ');
  const first = Math.min(active, Math.max(0, rows.length - 1));

  function move(to: number) {
    const next = Math.max(0, Math.min(to, rows.length - 1));
    setActive(next);
    if (box.current) showRow(box.current, next, ROW_PX);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
  }

  function onKey(event: KeyboardEvent) {
    if ((event.target as HTMLElement).closest('button, a, input')) return;
    const page = Math.floor((box.current?.clientHeight ?? 0) / ROW_PX) - 1;
    const to = {
      ArrowDown: first + 1,
      ArrowUp: first - 1,
      PageDown: first + page,
      PageUp: first - page,
      Home: 0,
      End: rows.length - 1,
    }[event.key];
    const row = rows[first];
    if (to !== undefined) move(to);
    else if (event.key === ' ' && selection && row) toggle(selection, row.id);
    else if (event.key === 'Enter' && onOpen && row) onOpen(row);
    else return;
    event.preventDefault();
  }

  if (count === 0 && !loadingMore) return <>{empty}</>;
  return (
    <div
      ref={box}
      className="vtable"
      role="grid"
      aria-label={label}
      aria-rowcount={hasMore && total === undefined ? -1 : count + 1}
      aria-multiselectable={selection ? true : undefined}
      onKeyDown={onKey}
    >
      <div className="vtable-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: layout }}>
        {selection && (
          <div role="columnheader" className="vcell">
            <SelectAll rows={rows} selection={selection} />
          </div>
        )}
        {columns.map((column) => (
          <div key={column.id} role="columnheader" className={cellClass(column)}>
            {column.label}
          </div>
        ))}
      </div>
      <div className="vtable-rows" role="rowgroup" style={{ blockSize: `${count * ROW_PX}px` }}>
        {Array.from({ length: visible.end - visible.first }, (_, at) => {
          const index = visible.first + at;
          const row = rows[index];
          const style = { transform: `translateY(${index * ROW_PX}px)`, gridTemplateColumns: layout };
          if (!row)
            return (
              <div key={`waiting-${index}`} className="vrow vrow-waiting" role="presentation" style={style} />
            );
          const selected = selection?.ids.has(row.id) ?? false;
          return (
            // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are heard by the grid around it
            <div
              key={row.id}
              data-index={index}
              className={`vrow${selected ? ' vrow-selected' : ''}${onOpen ? ' vrow-opens' : ''}`}
              role="row"
              aria-rowindex={index + 2}
              aria-selected={selection ? selected : undefined}
              tabIndex={index === first ? 0 : -1}
              style={style}
              onFocus={() => setActive(index)}
              onClick={(event) => {
                if (!(event.target as HTMLElement).closest('button, a, input, label')) onOpen?.(row);
              }}
            >
              {selection && (
                <div role="gridcell" className="vcell">
                  <Checkbox
                    hideLabel
                    label={t.selectRow}
                    checked={selected}
                    onChange={() => toggle(selection, row.id)}
                  />
                </div>
              )}
              {columns.map((column) => (
                <div key={column.id} role="gridcell" className={cellClass(column)}>
                  {column.cell(row)}
                </div>
              ))}
            </div>
          );
        })}
      </div>
      {error ? <ErrorState error={error} onRetry={onMore} /> : null}
    </div>
  );
}

const cellClass = ({ numeric, actions }: { readonly numeric?: boolean; readonly actions?: boolean }): string =>
  `vcell${numeric ? ' numeric' : ''}${actions ? ' vcell-actions' : ''}`;

function SelectAll({ rows, selection }: { rows: readonly { readonly id: string }[]; selection: Selection }) {
  const t = useCommon();
  const all = rows.length > 0 && rows.every(({ id }) => selection.ids.has(id));
  return (
    <Checkbox
      hideLabel
      label={t.selectAll}
      checked={all}
      mixed={!all && selection.ids.size > 0}
      onChange={() => selection.onChange(all ? new Set() : new Set(rows.map(({ id }) => id)))}
    />
  );
}

function toggle({ ids, onChange }: Selection, id: string): void {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  onChange(next);
}
