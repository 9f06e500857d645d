import './style.css';
import { PageHeader } from '../../ui/layout';
import { Link } from '../../ui/link';
import { useSearchParam } from '../../ui/url-state';
import { Earlier } from './earlier';
import { Import } from './import';
import { Wizard } from './wizard';
import { useWords } from './words';

export default function ImportPage() {
  const t = useWords();
  const [id] = useSearchParam('id');
  return (
    <>
      <PageHeader
        title={t.title}
        sub={t.sub}
        actions={
          <Link href="/contacts" as="plain" icon="contacts">
            {t.toContacts}
          </Link>
        }
      />
      <div className="stack">
        {id ? <Import key={id} id={id} /> : <Wizard />}
        <Earlier current={id} />
      </div>
    </>
  );
}
