import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { failure } from '../api/failure';
import { useCommon } from '../i18n/words';
import { Button } from './button';
import { Notice } from './notice';

interface DialogProps {
  title: string;
  children: ReactNode;
  /** Buttons at its foot, the main one last. */
  actions?: ReactNode;
  /** `null`: it cannot be left without an answer. */
  onClose: (() => void) | null;
  size?: 'normal' | 'large';
  /** A sheet at the side, for forms that belong to what stays visible beside them. */
  side?: boolean;
}

/** The browser's own modal dialog: it keeps the focus inside, and gives it back. Shown as long as it is rendered. */
export function Dialog({ title, children, actions, onClose, size = 'normal', side }: DialogProps) {
  const t = useCommon();
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={ref}
      className={`dialog dialog-${side ? 'side' : size}`}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClose={({ currentTarget: dialog }) => {
        // A second Escape closes whatever the page says; and our own end of it comes after it has left the page.
        if (!dialog.isConnected) return;
        if (onClose) onClose();
        else dialog.showModal();
      }}
    >
      <div className="dialog-head">
        <h2 id={titleId}>{title}</h2>
        {onClose && <Button kind="quiet" icon="close" label={t.close} onClick={onClose} />}
      </div>
      <div className="dialog-body">{children}</div>
      {actions && <div className="dialog-foot">{actions}</div>}
    </dialog>
  );
}

interface ConfirmProps {
  title: string;
  /** What will happen, with numbers: "427 contacts will not get Message 1." */
  children: ReactNode;
  /** What the button does, as a verb: "Cancel the campaign". */
  confirm: string;
  danger?: boolean;
  /** The dialog closes once it has resolved; until then, and if it fails, it stays. */
  onConfirm: () => unknown | Promise<unknown>;
  onClose: () => void;
}

export function ConfirmDialog({ title, children, confirm, danger, onConfirm, onClose }: ConfirmProps) {
  const t = useCommon();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);

  async function act() {
    setBusy(true);
    setProblem(null);
    try {
      await onConfirm();
      onClose();
    } catch (error) {
      setProblem(failure(error));
      setBusy(false);
    }
  }

  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{t.keep}</Button>
          <Button kind={danger ? 'danger' : 'primary'} busy={busy} onClick={act}>
            {confirm}
          </Button>
        </>
      }
    >
      {children}
      {problem && <Notice tone="bad">{problem}</Notice>}
    </Dialog>
  );
}
