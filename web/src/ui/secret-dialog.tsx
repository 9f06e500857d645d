import { type ReactNode, useState } from 'react';
import { Button } from './button';
import { Dialog } from './dialog';
import { Notice } from './notice';

interface SecretDialogProps {
  title: string;
  /** That it is shown only now, and what it is for. */
  children: ReactNode;
  secret: string;
  label: string;
  words: { readonly copy: string; readonly copied: string; readonly done: string };
  onClose: () => void;
}

/** Something that is shown once: closed by its button alone, so that no stray click loses it. */
export function SecretDialog({ title, children, secret, label, words, onClose }: SecretDialogProps) {
  const [copied, setCopied] = useState(false);
  return (
    <Dialog
      title={title}
      onClose={null}
      actions={
        <Button kind="primary" onClick={onClose}>
          {words.done}
        </Button>
      }
    >
      <Notice tone="warn">{children}</Notice>
      <div className="secret">
        <input
          className="input"
          readOnly
          value={secret}
          aria-label={label}
          onFocus={(event) => event.currentTarget.select()}
        />
        <Button
          icon={copied ? 'check' : 'copy'}
          onClick={() => void navigator.clipboard?.writeText(secret).then(() => setCopied(true))}
        >
          {copied ? words.copied : words.copy}
        </Button>
      </div>
    </Dialog>
  );
}
