import { useCommon } from '../i18n/words';
import { Button } from '../ui/button';
import { Dialog } from '../ui/dialog';
import { forget, useMe } from './session';
import { SignInForm } from './sign-in-form';

/** Over whatever is on the screen, which stays as it is and goes on afterwards. */
export default function EndedDialog() {
  const t = useCommon();
  const me = useMe();
  return (
    <Dialog
      title={t.sessionEnded}
      onClose={null}
      actions={
        <Button kind="quiet" onClick={forget}>
          {t.signInAsSomebodyElse}
        </Button>
      }
    >
      <p>{t.sessionEndedExplained}</p>
      <SignInForm name={me.name} />
    </Dialog>
  );
}
