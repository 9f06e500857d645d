import './style.css';
import { useMe } from '../../session/session';
import { PageHeader } from '../../ui/layout';
import { About } from './about';
import { ApiKeys } from './api-keys';
import { Password } from './password';
import { Sessions } from './sessions';
import { useWords } from './words';

export default function ProfilePage() {
  const t = useWords();
  const { name, role } = useMe();
  return (
    <>
      <PageHeader title={t.title} sub={role ? `${name} · ${t.roles[role]}` : name} />
      <div className="profile">
        <About />
        <Password />
        <Sessions />
        <ApiKeys />
      </div>
    </>
  );
}
