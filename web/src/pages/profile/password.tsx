import { useState } from 'react';
import { ChoosePasswordForm } from '../../session/choose-password';
import { Button } from '../../ui/button';
import { Card } from '../../ui/layout';
import { toast } from '../../ui/toast';
import { useWords } from './words';

export function Password() {
  const t = useWords();
  const [open, setOpen] = useState(false);

  function done() {
    setOpen(false);
    toast({ tone: 'good', text: t.passwordChanged });
  }

  return (
    <Card title={t.password}>
      <div className="stack">
        <p className="muted">{t.passwordText}</p>
        {open ? (
          <ChoosePasswordForm onDone={done} />
        ) : (
          <div>
            <Button onClick={() => setOpen(true)}>{t.changePassword}</Button>
          </div>
        )}
      </div>
    </Card>
  );
}
