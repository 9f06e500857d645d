import './style.css';
import { Brand } from '../../layout/brand';
import { LanguageSwitch } from '../../layout/language-switch';
import { ChoosePasswordForm } from '../../session/choose-password';
import { useSession } from '../../session/session';
import { SignInForm } from '../../session/sign-in-form';
import { PageHeader } from '../../ui/layout';
import { useWords } from './words';

/** In front of everything: signing in, and replacing a one-time password. */
export default function SignInPage() {
  const t = useWords();
  const { me } = useSession();
  return (
    <main className="door">
      <div className="door-head">
        <Brand />
        <LanguageSwitch />
      </div>
      {me ? (
        <>
          <PageHeader title={t.choose} sub={t.chooseExplained} />
          <ChoosePasswordForm />
        </>
      ) : (
        <>
          <PageHeader title={t.title} sub={t.explained} />
          <SignInForm />
        </>
      )}
    </main>
  );
}
