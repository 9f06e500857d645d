import './style.css';
import { useState } from 'react';
import { navigate } from 'wouter/use-browser-location';
import { call } from '../../api/client';
import { ApiProblem } from '../../api/problem';
import { list } from '../../api/queries';
import { useAllRows } from '../../optimistic/use-optimistic';
import { Button } from '../../ui/button';
import { Empty, ErrorState, PageHeader, Skeleton } from '../../ui/layout';
import { toast } from '../../ui/toast';
import { useSearchParam } from '../../ui/url-state';
import { Details } from './details';
import { PauseDialog, RemoveDialog, ResumeDialog } from './dialogs';
import { changeOf, type Draft, newSenderOf, type Problems, refusalOf, shownAtOnce } from './draft';
import { type Sender, useSenderActions } from './sender';
import { type Ask, SenderCard } from './sender-card';
import { AddSender, EditSender } from './sender-form';
import { useWords } from './words';

/** A form, of one sender or of a new one, with what was typed before a save failed. */
interface Open {
  readonly id: string | null;
  readonly typed?: { readonly draft: Draft; readonly problems: Problems };
}

export default function SendersPage() {
  const t = useWords();
  const senders = useAllRows<Sender>('senders', list('/api/senders', {}));
  const [form, setForm] = useState<Open | null>(null);
  const add = (
    <Button kind="primary" icon="plus" onClick={() => setForm({ id: null })}>
      {t.add}
    </Button>
  );
  const isEmpty = senders.isSuccess && senders.rows.length === 0;
  return (
    <>
      <PageHeader title={t.title} sub={t.sub} actions={!isEmpty && add} />
      {senders.isError && senders.rows.length === 0 ? (
        <ErrorState error={senders.error} onRetry={() => void senders.refetch()} />
      ) : isEmpty ? (
        <Empty icon="senders" title={t.empty} action={add}>
          {t.emptyExplained}
        </Empty>
      ) : senders.isPending ? (
        <Skeleton lines={2} height="13rem" />
      ) : (
        <Cards senders={senders.rows} onEdit={(id) => setForm({ id })} />
      )}
      {form && <Form open={form} senders={senders.rows} onOpen={setForm} />}
    </>
  );
}

function Cards({ senders, onEdit }: { senders: readonly Sender[]; onEdit: (id: string) => void }) {
  const t = useWords();
  const actions = useSenderActions();
  const [shown, show] = useSearchParam('sender');
  const [asked, setAsked] = useState<{ readonly id: string; readonly what: Ask } | null>(null);
  const close = () => setAsked(null);

  function ask(sender: Sender, what: Ask) {
    if (what === 'details') show(sender.id);
    else if (what === 'edit') onEdit(sender.id);
    else if (what === 'resume' && sender.status === 'paused') void actions.resume(sender);
    else setAsked({ id: sender.id, what });
  }

  const sender = senders.find(({ id }) => id === asked?.id);
  const detailed = senders.find(({ id }) => id === shown);
  return (
    <>
      <ul className="senders" aria-label={t.list}>
        {senders.map((each) => (
          <li key={each.id}>
            <SenderCard sender={each} onAsk={(what) => ask(each, what)} />
          </li>
        ))}
      </ul>
      {detailed && <Details sender={detailed} onClose={() => show('')} />}
      {sender && asked?.what === 'pause' && (
        <PauseDialog
          sender={sender}
          onClose={close}
          onPause={(scope) => {
            close();
            void actions.pause(sender, scope);
          }}
        />
      )}
      {sender && asked?.what === 'resume' && (
        <ResumeDialog sender={sender} onClose={close} onResume={() => void actions.resume(sender)} />
      )}
      {sender && asked?.what === 'remove' && (
        <RemoveDialog sender={sender} onClose={close} onRemove={() => void actions.remove(sender)} />
      )}
    </>
  );
}

interface FormProps {
  open: Open;
  senders: readonly Sender[];
  onOpen: (open: Open | null) => void;
}

/** What is saved is on the screen at once; if the API refuses it, the form comes back as it was left. */
function Form({ open, senders, onOpen }: FormProps) {
  const t = useWords();
  const { write } = useSenderActions();
  const sender = senders.find(({ id }) => id === open.id);
  const close = () => onOpen(null);

  async function comesBack<Answer>(draft: Draft, asked: () => Promise<Answer>): Promise<Answer> {
    try {
      return await asked();
    } catch (error) {
      // What passes can be tried again as it is; what is wrong has to be corrected.
      if (error instanceof ApiProblem && !error.isPassing)
        onOpen({ id: open.id, typed: { draft, problems: refusalOf(error) } });
      throw error;
    }
  }

  async function add(draft: Draft) {
    close();
    const item = shownAtOnce(draft);
    const saved = await write.create({
      item,
      request: (idempotencyKey) =>
        comesBack(draft, () => call('post', '/api/senders', { body: newSenderOf(draft) }, { idempotencyKey })),
      itemOf: (answer) => ({ ...item, ...answer, maturity: answer.maturity ?? item.maturity }),
      failed: t.notAdded,
    });
    if (saved && senders.length === 0) {
      const next = { label: t.nextStep, run: () => navigate('/contacts/import') };
      toast({ tone: 'good', text: t.added(saved.name), action: next });
    }
  }

  function edit(draft: Draft, { id }: Sender) {
    close();
    const path = { sender_id: id };
    const name = draft.name.trim();
    void write.update({
      ids: [id],
      patch: (each) => ({ ...each, name }),
      request: () =>
        comesBack(draft, () => call('patch', '/api/senders/{sender_id}', { path, body: changeOf(draft) })),
      failed: t.notSaved,
    });
  }

  if (open.id === null)
    return (
      <AddSender typed={open.typed} others={senders} onSave={(draft) => void add(draft)} onClose={close} />
    );
  return sender ? (
    <EditSender
      sender={sender}
      typed={open.typed}
      others={senders}
      onSave={(draft) => edit(draft, sender)}
      onClose={close}
    />
  ) : null;
}
