import { keepPreviousData } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import { list } from '../../api/queries';
import { useRows } from '../../optimistic/use-optimistic';
import { Button } from '../../ui/button';
import { Empty, ErrorState } from '../../ui/layout';
import { Link } from '../../ui/link';
import { SearchField } from '../../ui/search-field';
import { PhoneNumber, Time } from '../../ui/state';
import type { Column } from '../../ui/table';
import { useSearchParam } from '../../ui/url-state';
import { VirtualTable } from '../../ui/virtual-table';
import type { Open, Opened } from './opened';
import { AllowDialog, SuppressForm } from './opt-out-dialogs';
import { type OptOut, type OptOutValues, useOptOutWrites } from './use-opt-out-writes';
import { useWords } from './words';

interface Refused {
  readonly values: OptOutValues;
  readonly problem?: unknown;
}

/** The numbers that nothing is sent to. */
export function OptOutsTab({ opened, open }: { opened: Opened | null; open: Open }) {
  const t = useWords();
  const [q, search] = useSearchParam('q');
  const options = { ...list('/api/opt-outs', { query: { q } }), placeholderData: keepPreviousData };
  const query = useRows<OptOut>('opt-outs', options);
  const [allowed, setAllowed] = useState<OptOut | null>(null);
  const [refused, setRefused] = useState<Refused | null>(null);
  const writes = useOptOutWrites((values, problem) => {
    setRefused({ values, problem });
    open({ kind: 'suppress' });
  });
  const columns = useOptOutColumns(setAllowed);
  const { rows, hasNextPage, isPending, fetchNextPage } = query;
  const more = useCallback(() => void fetchNextPage(), [fetchNextPage]);
  const closeForm = (values: OptOutValues | null) => {
    setRefused(values && { values });
    open(null);
  };

  return (
    <>
      <div className="opt-outs">
        <p className="muted">{t.optOutsAbout}</p>
        <SearchField label={t.searchOptOut} />
      </div>
      {query.isError && rows.length === 0 ? (
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <div className="contacts-list">
          <VirtualTable
            label={t.optOutsTab}
            columns={columns}
            rows={rows}
            total={isPending ? 8 : undefined}
            hasMore={isPending || hasNextPage}
            loadingMore={query.isFetchingNextPage || isPending}
            onMore={more}
            error={query.isFetchNextPageError ? query.error : undefined}
            empty={
              q ? (
                <Empty
                  icon="search"
                  title={t.noOptOutMatch}
                  action={<Button onClick={() => search('')}>{t.clearSearch}</Button>}
                />
              ) : (
                <Empty icon="stop" title={t.noOptOuts}>
                  {t.noOptOutsExplained}
                </Empty>
              )
            }
          />
        </div>
      )}
      {opened?.kind === 'suppress' && (
        <SuppressForm
          first={refused?.values}
          problem={refused?.problem}
          onSave={(values) => {
            closeForm(null);
            void writes.suppress(values);
          }}
          onClose={closeForm}
        />
      )}
      {allowed && (
        <AllowDialog
          optOut={allowed}
          onAllow={(reason) => void writes.allow(allowed, reason)}
          onClose={() => setAllowed(null)}
        />
      )}
    </>
  );
}

function useOptOutColumns(onAllow: (optOut: OptOut) => void): readonly Column<OptOut>[] {
  const t = useWords();
  return useMemo(
    () => [
      {
        id: 'phone',
        label: t.phone,
        width: '11rem',
        cell: ({ phone, contact_id: contact }) =>
          phone === null ? (
            <span className="muted">{t.erased}</span>
          ) : contact ? (
            <Link href={`/contacts?contact=${contact}`}>
              <PhoneNumber value={phone} />
            </Link>
          ) : (
            <PhoneNumber value={phone} />
          ),
      },
      {
        id: 'since',
        label: t.since,
        width: '10rem',
        cell: ({ opted_out_at: at }) => <Time at={at} />,
      },
      {
        id: 'reason',
        label: t.reason,
        minor: true,
        cell: ({ reason }) => reason ?? <span className="muted">{t.noReason}</span>,
      },
      {
        id: 'actions',
        label: t.actions,
        actions: true,
        cell: (optOut) => (
          <Button
            kind="quiet"
            size="small"
            icon="close"
            label={t.allowOf(optOut.phone ?? t.erased)}
            onClick={() => onAllow(optOut)}
          />
        ),
      },
    ],
    [t, onAllow],
  );
}
