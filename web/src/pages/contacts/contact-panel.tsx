import { useQuery } from '@tanstack/react-query';
import type { Category } from '../../api/categories';
import { read } from '../../api/queries';
import { dateTime } from '../../i18n/format';
import { useItem } from '../../optimistic/use-optimistic';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { ErrorState, Skeleton } from '../../ui/layout';
import { Link } from '../../ui/link';
import { Badge, PhoneNumber } from '../../ui/state';
import { useSearchParam } from '../../ui/url-state';
import type { FullContact } from './contact';
import type { Open } from './opened';
import { Timeline } from './timeline';
import { WhatsappState } from './whatsapp-state';
import { useWords } from './words';

interface ContactPanelProps {
  categories: readonly Category[];
  open: Open;
}

/** All about one contact, beside the list; which one, the address says. */
export function ContactPanel(props: ContactPanelProps) {
  const [id, show] = useSearchParam('contact');
  return id ? <Panel key={id} id={id} close={() => show('')} {...props} /> : null;
}

function Panel({ id, close, categories, open }: ContactPanelProps & { id: string; close: () => void }) {
  const t = useWords();
  const query = useQuery(read('/api/contacts/{contact_id}', { path: { contact_id: id } }));
  const contact = useItem<FullContact>('contacts', query.data);
  if (query.isPending || query.isError) {
    return (
      <Dialog title={t.contact} onClose={close} side>
        {query.isError ? (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <Skeleton lines={5} height="2.5rem" />
        )}
      </Dialog>
    );
  }
  // Deleted, as far as we know: should that fail, it comes back.
  if (!contact) return null;
  return (
    <Dialog
      title={contact.name ?? t.noName}
      onClose={close}
      side
      actions={<PanelActions contact={contact} open={open} />}
    >
      <div className="row">
        <PhoneNumber value={contact.phone} />
        <WhatsappState state={contact.whatsapp} />
      </div>
      {contact.opted_out_at && (
        <p className="row">
          <span className="pill tone-warn">{t.optedOut}</span>
          <span>{dateTime(contact.opted_out_at)}</span>
          <Link href={`/contacts?tab=opt-outs&q=${encodeURIComponent(contact.phone)}`}>{t.showOptOut}</Link>
        </p>
      )}
      <Facts contact={contact} categories={categories} />
      <section className="stack" aria-label={t.timeline}>
        <h3>{t.timeline}</h3>
        <Timeline contactId={id} />
      </section>
    </Dialog>
  );
}

function PanelActions({ contact, open }: { contact: FullContact; open: Open }) {
  const t = useWords();
  const whom = { count: 1, ids: new Set([contact.id]), filter: null };
  return (
    <>
      <Button
        kind="quiet"
        icon="trash"
        label={t.remove}
        onClick={() => open({ kind: 'remove', whom, contact })}
      />
      {!contact.opted_out_at && (
        <Button kind="quiet" icon="stop" onClick={() => open({ kind: 'optOut', whom, contact })}>
          {t.optOut}
        </Button>
      )}
      <Button icon="edit" onClick={() => open({ kind: 'form', contactId: contact.id })}>
        {t.edit}
      </Button>
    </>
  );
}

function Facts({ contact, categories }: { contact: FullContact; categories: readonly Category[] }) {
  const t = useWords();
  const own = categories.filter(({ id }) => contact.category_ids.includes(id));
  return (
    <dl className="facts">
      {own.length > 0 && (
        <div className="fact">
          <dt>{t.categories}</dt>
          <dd className="row">
            {own.map(({ id, name, colour }) => (
              <Badge key={id} colour={colour}>
                {name}
              </Badge>
            ))}
          </dd>
        </div>
      )}
      {Object.entries(contact.variables).map(([name, value]) => (
        <div key={name} className="fact">
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
      <div className="fact">
        <dt>{t.added}</dt>
        <dd>
          {dateTime(contact.created_at)}
          {contact.import_id && (
            <>
              {' · '}
              <Link href={`/contacts/import?id=${contact.import_id}`}>
                {t.fromImport(contact.import_line ?? 0)}
              </Link>
            </>
          )}
        </dd>
      </div>
    </dl>
  );
}
