import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { navigate } from 'wouter/use-browser-location';
import { read } from '../../api/queries';
import { Button } from '../../ui/button';
import { Field, Select, TextInput } from '../../ui/field';
import { useNarrow } from '../../ui/narrow';
import { SearchField } from '../../ui/search-field';
import { useSearchParam } from '../../ui/url-state';
import { EVERYTHING, type Filters, isBySending } from './filters';
import { useWords } from './words';

const MOST = 200;

/** `children` stand at the end of its first line. */
export function FilterBar({ filters, children }: { filters: Filters; children: ReactNode }) {
  const t = useWords();
  const isNarrow = useNarrow();
  const isAny = Object.values(filters).some(Boolean);
  const [open, setOpen] = useState(isAny);
  return (
    <search className="message-filters">
      <div className="row">
        <SearchField label={t.search} />
        {isNarrow && (
          <Button icon="filter" pressed={open} onClick={() => setOpen(!open)}>
            {t.filters}
          </Button>
        )}
        {isAny && (
          <Button kind="quiet" icon="close" onClick={() => navigate('/messages', { replace: true })}>
            {t.clear}
          </Button>
        )}
        {children}
      </div>
      {(!isNarrow || open) && <Choices filters={filters} />}
      {filters.contact && <OneContact id={filters.contact} />}
    </search>
  );
}

function Choices({ filters }: { filters: Filters }) {
  const t = useWords();
  const senders = useQuery(read('/api/senders', { query: { limit: MOST } }));
  const statuses = Object.entries(t.statuses).map(([value, label]) => ({ value, label }));
  const types = Object.entries(t.types).map(([value, label]) => ({ value, label }));
  const named = (senders.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }));
  return (
    <div className="message-choices">
      <Choice
        name="status"
        label={t.status}
        options={[{ value: '', label: t.sentOnes }, { value: EVERYTHING, label: t.everything }, ...statuses]}
      />
      <CampaignChoice chosen={filters.campaign} />
      <Choice name="sender" label={t.sender} options={[{ value: '', label: t.anySender }, ...named]} />
      <Choice name="type" label={t.type} options={[{ value: '', label: t.anyType }, ...types]} />
      <Day name="from" label={isBySending(filters) ? t.sentFrom : t.madeFrom} />
      <Day name="to" label={t.until} />
    </div>
  );
}

interface ChoiceProps {
  name: string;
  label: string;
  options: readonly { readonly value: string; readonly label: string }[];
}

function Choice({ name, label, options }: ChoiceProps) {
  const [value, set] = useSearchParam(name);
  return (
    <Field label={label}>
      <Select value={value} onChange={set} options={options} />
    </Field>
  );
}

/** The latest campaigns, and the chosen one however old it is. */
function CampaignChoice({ chosen }: { chosen: string }) {
  const t = useWords();
  const latest = useQuery(read('/api/campaigns', { query: { limit: MOST } }));
  const items = latest.data?.items ?? [];
  const isOlder = chosen !== '' && latest.isSuccess && !items.some(({ id }) => id === chosen);
  const older = useQuery({
    ...read('/api/campaigns/{campaign_id}', { path: { campaign_id: chosen } }),
    enabled: isOlder,
  });
  const all = isOlder && older.data ? [older.data, ...items] : items;
  const options = all.map(({ id, name }) => ({ value: id, label: name }));
  return (
    <Choice name="campaign" label={t.campaign} options={[{ value: '', label: t.anyCampaign }, ...options]} />
  );
}

function Day({ name, label }: { name: string; label: string }) {
  const [value, set] = useSearchParam(name);
  return (
    <Field label={label}>
      <TextInput type="date" value={value} onChange={set} />
    </Field>
  );
}

function OneContact({ id }: { id: string }) {
  const t = useWords();
  const [, set] = useSearchParam('contact');
  const contact = useQuery(read('/api/contacts/{contact_id}', { path: { contact_id: id } }));
  const name = contact.data && (contact.data.name ?? contact.data.phone);
  return (
    <div className="row">
      <Button size="small" icon="close" onClick={() => set('')}>
        {name ? t.ofContact(name) : t.oneContact}
      </Button>
    </div>
  );
}
