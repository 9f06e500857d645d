import { Select } from '../../ui/field';
import { TableBox } from '../../ui/table-box';
import type { Meaning } from './draft';
import { type MappedColumn, MEANINGS } from './mapping';
import { useWords } from './words';

interface MappingTableProps {
  columns: readonly MappedColumn[];
  /** The first of the file. */
  rows: readonly (readonly string[])[];
  /** Nothing can be chosen. */
  fixed: boolean;
  onChange: (title: string, meaning: Meaning) => void;
}

/** The first rows of the file; above each column, what it means. */
export function MappingTable({ columns, rows, fixed, onChange }: MappingTableProps) {
  const t = useWords();
  const options = MEANINGS.map((value) => ({ value, label: t.meanings[value] }));
  return (
    <TableBox label={t.preview} className="mapping">
      <table className="table">
        <caption className="hidden">{t.preview}</caption>
        <thead>
          <tr>
            {columns.map(({ title, meaning }, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: titles may be there twice, places are not
              <th key={at} scope="col" className={classOf(meaning)}>
                <span className="mapping-title">{title || t.untitled(at + 1)}</span>
                <Select
                  aria-label={t.meaningOf(title || t.untitled(at + 1))}
                  value={meaning}
                  onChange={(value) => onChange(title, value as Meaning)}
                  options={options}
                  disabled={fixed}
                />
                <span className="mapping-use">{meaning === 'variable' ? `{{${title}}}` : '\u00a0'}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, row) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: rows of a file are known by their places
            <tr key={row}>
              {columns.map(({ meaning }, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <td key={at} className={classOf(meaning)}>
                  {cells[at]}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableBox>
  );
}

const classOf = (meaning: Meaning): string | undefined =>
  meaning === 'ignored' ? 'mapping-ignored' : undefined;
