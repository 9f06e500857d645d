import { useEffect, useRef } from 'react';
import { useCommon } from '../i18n/words';
import { Store, useStore } from '../store';
import { Button } from './button';
import { Icon } from './icon';
import { TONE_ICONS, type Tone } from './notice';

export interface ToastContent {
  readonly tone: Tone;
  readonly text: string;
  readonly detail?: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

interface Toast extends ToastContent {
  readonly id: number;
}

const SHOWN_FOR_MS = 5000;
const MOST = 4;

const toasts = new Store<readonly Toast[]>([]);
let last = 0;

/** Says something at the edge of the screen. What offers an action, or went wrong, stays until it is dismissed. */
export function toast(content: ToastContent): void {
  last += 1;
  const id = last;
  toasts.set([...toasts.get(), { ...content, id }].slice(-MOST));
  if (content.tone !== 'bad' && !content.action) setTimeout(() => dismiss(id), SHOWN_FOR_MS);
}

/** On another page, an offer that followed from the last one is in the way. What went wrong stays. */
export function dropOffers(): void {
  toasts.set(toasts.get().filter(({ tone, action }) => tone === 'bad' || !action));
}

function dismiss(id: number): void {
  toasts.set(toasts.get().filter((each) => each.id !== id));
}

/** The place where they appear, and, there from the start, the one from which screen readers hear of them. */
export function Toasts() {
  const t = useCommon();
  const shown = useStore(toasts);
  const box = useRef<HTMLDivElement>(null);
  const latest = shown.at(-1);
  // In the top layer, so that they are seen over dialogs too; the latest to enter it is on top.
  useEffect(() => {
    box.current?.hidePopover();
    if (shown.length) box.current?.showPopover();
  }, [shown]);
  return (
    <>
      <div className="hidden" role="status">
        {latest && `${latest.text} ${latest.detail ?? ''}`}
      </div>
      <div ref={box} className="toasts" popover="manual">
        {shown.map((each) => (
          <ToastBox key={each.id} toast={each} dismissLabel={t.dismiss} />
        ))}
      </div>
    </>
  );
}

function ToastBox({
  toast: { id, tone, text, detail, action },
  dismissLabel,
}: {
  toast: Toast;
  dismissLabel: string;
}) {
  return (
    <div className={`toast tone-${tone}`}>
      <Icon name={TONE_ICONS[tone]} />
      <div className="toast-text">
        <strong>{text}</strong>
        {detail && <span>{detail}</span>}
      </div>
      {action && (
        <Button
          size="small"
          onClick={() => {
            dismiss(id);
            action.run();
          }}
        >
          {action.label}
        </Button>
      )}
      <Button kind="quiet" size="small" icon="close" label={dismissLabel} onClick={() => dismiss(id)} />
    </div>
  );
}
