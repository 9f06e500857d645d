import {
  type CSSProperties,
  type KeyboardEvent,
  memo,
  type ReactNode,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
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
  const box = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const columns = useMemo(
    () => props.columns.filter(({ minor }) => !(minor && isNarrow)),
    [props.columns, isNarrow],
  );
  const count = hasMore ? Math.max(total ?? 0, rows.length + 1) : rows.length;
  const visible = useVisibleRows(box, count, ROW_PX);
  useEffect(() => {
    if (hasMore && !loadingMore && !error && visible.end + AHEAD >= rows.length) onMore();
  }, [hasMore, loadingMore, error, visible.end, rows.length, onMore]);

  function move(to: number) {
    const next = Math.max(0, Math.min(to, rows.length - 1));
    setActive(next);
    if (box.current) showRow(box.current, next, ROW_PX);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${next}"]`)?.focus());
  }

  function onKey(event: KeyboardEvent) {
    if ((event.target as HTMLElement).closest('button, a, input')) return;
    const to = destination(event.key, active, rows.length, box.current?.clientHeight ?? 0);
    const row = rows[active];
    if (to !== undefined) move(to);
    else if (event.key === ' ' && selection && row) toggle(selection, row.id);
    else if (event.key === 'Enter' && onOpen && row) onOpen(row);
    else return;
    event.preventDefault();
  }

  if (count === 0 && !loadingMore) return <>{empty}</>;
  const layout = layoutOf(columns, selection);
  // One row can be reached by Tab: the one where somebody was, or the first that is there.
  const reachable = active >= visible.first && active < visible.end ? active : visible.first;
  return (
    <>
      <div
        ref={box}
        className="vtable"
        role="grid"
        aria-label={label}
        aria-rowcount={hasMore && total === undefined ? -1 : count + 1}
        aria-multiselectable={selection ? true : undefined}
        onKeyDown={onKey}
      >
        <Head columns={columns} rows={rows} selection={selection} layout={layout} />
        <div className="vtable-rows" role="rowgroup" style={{ blockSize: `${count * ROW_PX}px` }}>
          {Array.from({ length: visible.end - visible.first }, (_, at) => {
            const index = visible.first + at;
            const row = rows[index];
            return row ? (
              <RowLine
                key={row.id}
                row={row}
                index={index}
                columns={columns}
                selection={selection}
                selectLabel={t.selectRow}
                onOpen={onOpen}
                onFocus={setActive}
                isReachable={index === reachable}
                layout={layout}
              />
            ) : (
              <div
                key={`waiting-${index}`}
                className="vrow vrow-waiting"
                role="presentation"
                style={placed(layout, index)}
              />
            );
          })}
        </div>
      </div>
      {error ? <ErrorState error={error} onRetry={onMore} /> : null}
    </>
  );
}

/** Where a key leads. */
function destination(key: string, from: number, count: number, height: number): number | undefined {
  const page = Math.max(1, Math.floor(height / ROW_PX) - 2);
  const steps = {
    ArrowDown: 1,
    ArrowUp: -1,
    PageDown: page,
    PageUp: -page,
    Home: -from,
    End: count - 1 - from,
  };
  const step = steps[key as keyof typeof steps];
  return step === undefined ? undefined : from + step;
}

const layoutOf = (columns: readonly AnyColumn[], selection: Selection | undefined): string =>
  [
    ...(selection ? ['2.75rem'] : []),
    ...columns.map(({ width, actions }) => width ?? (actions ? '3rem' : 'minmax(0, 1fr)')),
  ].join(' ');

interface HeadProps {
  columns: readonly AnyColumn[];
  rows: readonly { readonly id: string }[];
  selection: Selection | undefined;
  layout: string;
}

function Head({ columns, rows, selection, layout }: HeadProps) {
  const t = useCommon();
  const all = rows.length > 0 && selection !== undefined && rows.every(({ id }) => selection.ids.has(id));
  return (
    <div role="rowgroup" className="vtable-top">
      <div className="vtable-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: layout }}>
        {selection && (
          <div role="columnheader" className="vcell">
            <Checkbox
              hideLabel
              label={t.selectAll}
              checked={all}
              mixed={!all && selection.ids.size > 0}
              onChange={() => selection.onChange(all ? new Set() : new Set(rows.map(({ id }) => id)))}
            />
          </div>
        )}
        {columns.map((column) => (
          <div key={column.id} role="columnheader" className={cellClass(column)}>
            <span className={column.actions ? 'hidden' : undefined}>{column.label}</span>
          </div>
        ))}
      </div>
    </div>
  );
}

interface RowLineProps<Row> {
  row: Row;
  index: number;
  columns: readonly Column<Row>[];
  selection: Selection | undefined;
  selectLabel: string;
  onOpen: ((row: Row) => void) | undefined;
  onFocus: (index: number) => void;
  isReachable: boolean;
  layout: string;
}

/** A row that has not changed is not rendered again for every few that scroll by. */
const RowLine = memo(PlainRowLine) as typeof PlainRowLine;

function PlainRowLine<Row extends { readonly id: string }>(props: RowLineProps<Row>) {
  const { row, index, columns, selection, selectLabel, onOpen, onFocus, isReachable, layout } = props;
  const selected = selection?.ids.has(row.id) ?? false;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are heard by the grid around it
    <div
      data-index={index}
      className={`vrow${selected ? ' vrow-selected' : ''}${onOpen ? ' vrow-opens' : ''}`}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selection ? selected : undefined}
      tabIndex={isReachable ? 0 : -1}
      style={placed(layout, index)}
      onFocus={() => onFocus(index)}
      onClick={(event) => {
        if (!(event.target as HTMLElement).closest('button, a, input, label, dialog, [popover]')) onOpen?.(row);
      }}
    >
      {selection && (
        <div role="gridcell" className="vcell">
          <Checkbox
            hideLabel
            label={selectLabel}
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
}

const placed = (layout: string, index: number): CSSProperties => ({
  gridTemplateColumns: layout,
  transform: `translateY(${index * ROW_PX}px)`,
});

type AnyColumn = Pick<Column<never>, 'id' | 'label' | 'width' | 'numeric' | 'actions'>;

const cellClass = ({ numeric, actions }: AnyColumn): string =>
  `vcell${numeric ? ' numeric' : ''}${actions ? ' vcell-actions' : ''}`;

function toggle({ ids, onChange }: Selection, id: string): void {
  const next = new Set(ids);
  if (!next.delete(id)) next.add(id);
  onChange(next);
}
