import type { ReactNode } from 'react';
import { TableBox } from './table-box';

export interface Column<Row> {
  readonly id: string;
  readonly label: string;
  readonly cell: (row: Row) => ReactNode;
  /** Numbers stand at the end of their column. */
  readonly numeric?: boolean;
  /** Buttons of the row, at its end. */
  readonly actions?: boolean;
  /** A width such as `12rem` or `2fr`; the rest is shared. */
  readonly width?: string;
  /** Left out where there is no room for it. */
  readonly minor?: boolean;
}

interface TableProps<Row> {
  /** What it lists, for those who do not see it. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
}

/** A table of what fits on a page; VirtualTable is for what does not. */
export function Table<Row>({ label, columns, rows, rowKey }: TableProps<Row>) {
  return (
    <TableBox label={label}>
      <table className="table">
        <caption className="hidden">{label}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.id} scope="col" className={classOf(column)}>
                <span className={column.actions ? 'hidden' : undefined}>{column.label}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={rowKey(row)}>
              {columns.map((column) => (
                <td key={column.id} className={classOf(column)}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

const classOf = <Row,>({ numeric, actions, minor }: Column<Row>): string | undefined =>
  [numeric || actions ? 'numeric' : '', minor ? 'minor' : ''].filter(Boolean).join(' ') || undefined;
