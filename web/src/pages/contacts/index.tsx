import './style.css';
import { useState } from 'react';
import { navigate } from 'wouter/use-browser-location';
import { urlOf } from '../../api/url';
import { Button } from '../../ui/button';
import { Icon } from '../../ui/icon';
import { PageHeader } from '../../ui/layout';
import { Link } from '../../ui/link';
import { Menu } from '../../ui/menu';
import { useNarrow } from '../../ui/narrow';
import { Tabs } from '../../ui/tabs';
import { useSearchParam } from '../../ui/url-state';
import { ContactsTab } from './contacts-tab';
import { useFilters } from './filters';
import type { Open, Opened } from './opened';
import { OptOutsTab } from './opt-outs-tab';
import { useWords } from './words';

const OPT_OUTS = 'opt-outs';
const IMPORT = '/contacts/import';

export default function ContactsPage() {
  const t = useWords();
  const [tab] = useSearchParam('tab');
  const [opened, open] = useState<Opened | null>(null);
  const current = tab === OPT_OUTS ? OPT_OUTS : 'contacts';
  return (
    <>
      <PageHeader
        title={t.title}
        actions={current === OPT_OUTS ? <OptOutActions open={open} /> : <ContactActions open={open} />}
      />
      <Tabs
        label={t.title}
        tabs={[
          { id: 'contacts', label: t.contactsTab },
          { id: OPT_OUTS, label: t.optOutsTab },
        ]}
        current={current}
        // Each has filters of its own: those of the other would mean something else there.
        onChange={(id) => navigate(id === OPT_OUTS ? `/contacts?tab=${id}` : '/contacts')}
      >
        {current === OPT_OUTS ? (
          <OptOutsTab opened={opened} open={open} />
        ) : (
          <ContactsTab opened={opened} open={open} />
        )}
      </Tabs>
    </>
  );
}

function ContactActions({ open }: { open: Open }) {
  const t = useWords();
  const isNarrow = useNarrow();
  const { filters } = useFilters();
  const csv = urlOf('/api/contacts/export.csv', { query: { ...filters, bom: true } });
  const add = (
    <Button kind="primary" icon="plus" onClick={() => open({ kind: 'form' })}>
      {t.add}
    </Button>
  );
  if (isNarrow) {
    return (
      <>
        {add}
        <Menu
          label={t.actions}
          className="button button-plain button-icon"
          items={[
            { label: t.importFile, icon: 'upload', href: IMPORT },
            { label: t.exportCsv, icon: 'download', act: () => location.assign(csv) },
          ]}
        >
          <Icon name="more" />
        </Menu>
      </>
    );
  }
  return (
    <>
      <a className="button button-plain" href={csv} download>
        <Icon name="download" />
        {t.exportCsv}
      </a>
      <Link href={IMPORT} as="plain" icon="upload">
        {t.importFile}
      </Link>
      {add}
    </>
  );
}

function OptOutActions({ open }: { open: Open }) {
  const t = useWords();
  return (
    <Button kind="primary" icon="plus" onClick={() => open({ kind: 'suppress' })}>
      {t.addOptOut}
    </Button>
  );
}
