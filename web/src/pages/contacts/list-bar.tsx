import { number } from '../../i18n/format';
import { Button } from '../../ui/button';
import { Select } from '../../ui/field';
import type { IconName } from '../../ui/icon';
import { Icon } from '../../ui/icon';
import { Menu, type MenuItem } from '../../ui/menu';
import { useNarrow } from '../../ui/narrow';
import { useSearchParam } from '../../ui/url-state';
import { clearFilters, isFiltered, type Order, onlyCategory, useFilters } from './filters';
import type { Open } from './opened';
import type { Chosen } from './use-selection';
import { useWords } from './words';

interface ListBarProps {
  order: Order;
  total: number | undefined;
  whom: Chosen | null;
  onSelectAll: () => void;
  onClear: () => void;
  open: Open;
}

/** Above the list: how many there are and in which order; or what to do with those that are chosen. */
export function ListBar(props: ListBarProps) {
  const { whom, total } = props;
  return (
    <div className={whom ? 'list-bar list-bar-chosen' : 'list-bar'}>
      {whom ? <ChosenBar {...props} whom={whom} /> : <OrderBar order={props.order} total={total} />}
    </div>
  );
}

function OrderBar({ order, total }: { order: Order; total: number | undefined }) {
  const t = useWords();
  const { filters } = useFilters();
  const [, setOrder] = useSearchParam('order');
  return (
    <>
      <p className="muted" role="status">
        {total === undefined ? '' : t.contacts(total)}
      </p>
      {isFiltered(filters) && (
        <Button kind="quiet" size="small" icon="close" onClick={clearFilters}>
          {t.clearFilters}
        </Button>
      )}
      <Select
        aria-label={t.order}
        value={order}
        onChange={(next) => setOrder(next === 'created' ? '' : next)}
        options={[
          { value: 'created', label: t.orders.created },
          { value: 'name', label: t.orders.name },
          { value: 'phone', label: t.orders.phone },
        ]}
      />
    </>
  );
}

function ChosenBar({ whom, total, onSelectAll, onClear, open }: ListBarProps & { whom: Chosen }) {
  const t = useWords();
  const isNarrow = useNarrow();
  const all =
    whom.filter === null && total !== undefined && total > whom.count
      ? { label: t.selectAll(number(total)), icon: 'check' as const, act: onSelectAll }
      : null;
  return (
    <>
      <p role="status">
        <strong className="nowrap">{t.chosen(whom.count)}</strong>
      </p>
      {all && !isNarrow && (
        <Button kind="quiet" size="small" onClick={onSelectAll}>
          {all.label}
        </Button>
      )}
      <div className="list-bar-actions">
        <Actions whom={whom} open={open} all={all} />
        <Button kind="quiet" size="small" icon="close" label={t.clearSelection} onClick={onClear} />
      </div>
    </>
  );
}

type Action = MenuItem & { readonly icon: IconName; readonly act: () => void };

interface ActionsProps {
  whom: Chosen;
  open: Open;
  /** To choose everybody, which stands in the menu where there is no room for it. */
  all: Action | null;
}

function Actions({ whom, open, all }: ActionsProps) {
  const t = useWords();
  const isNarrow = useNarrow();
  const ofCategories: readonly Action[] = [
    { label: t.addToCategory, icon: 'plus', act: () => open({ kind: 'category', whom, add: true }) },
    { label: t.removeFromCategory, icon: 'close', act: () => open({ kind: 'category', whom, add: false }) },
  ];
  const others: readonly Action[] = [
    // The API checks chosen contacts, or a category as a whole.
    ...(whom.filter === null || onlyCategory(whom.filter)
      ? [{ label: t.check, icon: 'check' as const, act: () => open({ kind: 'check', whom }) }]
      : []),
    { label: t.optOut, icon: 'stop', act: () => open({ kind: 'optOut', whom }) },
    { label: t.remove, icon: 'trash', danger: true, act: () => open({ kind: 'remove', whom }) },
  ];
  return (
    <>
      <Menu
        items={isNarrow ? [...(all ? [all] : []), ...ofCategories, ...others] : ofCategories}
        className={MENU_BUTTON}
      >
        {isNarrow ? t.actions : t.categories}
        <Icon name="chevron" />
      </Menu>
      {!isNarrow &&
        others.map(({ label, icon, act }) => (
          <Button key={label} size="small" icon={icon} onClick={act}>
            {label}
          </Button>
        ))}
    </>
  );
}

const MENU_BUTTON = 'button button-plain button-small';
