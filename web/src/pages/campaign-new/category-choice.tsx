import { useState } from 'react';
import { useCategories } from '../../api/categories';
import { number } from '../../i18n/format';
import { Checkbox } from '../../ui/field';
import { Icon } from '../../ui/icon';
import { Empty, ErrorState, Skeleton } from '../../ui/layout';
import { Link } from '../../ui/link';
import { useWords } from './words';

const SEARCH_FROM = 8;

interface ChoiceProps {
  chosen: readonly string[];
  onChange: (ids: readonly string[]) => void;
}

export function CategoryChoice({ chosen, onChange }: ChoiceProps) {
  const t = useWords();
  const [sought, setSought] = useState('');
  const { rows, isPending, isError, error, refetch } = useCategories();

  if (isPending) return <Skeleton lines={4} />;
  if (isError && rows.length === 0) return <ErrorState error={error} onRetry={() => void refetch()} />;
  if (rows.length === 0)
    return (
      <Empty
        icon="categories"
        title={t.noCategory}
        action={
          <Link href="/contacts/import" as="plain">
            {t.toImport}
          </Link>
        }
      >
        {t.noCategoryExplained}
      </Empty>
    );
  const found = rows.filter(({ name }) => name.toLocaleLowerCase().includes(sought.toLocaleLowerCase()));
  const toggle = (id: string) =>
    onChange(chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id]);
  return (
    <div className="choice">
      {rows.length >= SEARCH_FROM && <SoughtField value={sought} onChange={setSought} />}
      <ul className="choice-list">
        {found.map(({ id, name, colour, contact_count: count }) => (
          <li key={id}>
            <Checkbox
              checked={chosen.includes(id)}
              onChange={() => toggle(id)}
              label={
                <span className="choice-label">
                  <span className="badge-dot" style={{ background: colour }} aria-hidden="true" />
                  <span className="truncate">{name}</span>
                  <span className="muted small">{number(count)}</span>
                </span>
              }
            />
          </li>
        ))}
        {found.length === 0 && <li className="muted">{t.noSuchCategory}</li>}
      </ul>
    </div>
  );
}

function SoughtField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const t = useWords();
  return (
    <div className="search">
      <Icon name="search" />
      <input
        className="input"
        type="search"
        aria-label={t.searchCategory}
        placeholder={t.searchCategory}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Enter' && event.preventDefault()}
      />
    </div>
  );
}
