import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId, useState } from 'react';
import { call } from '../../api/client';
import { failure } from '../../api/failure';
import { invalidate } from '../../api/long-lists';
import { ApiProblem } from '../../api/problem';
import { read } from '../../api/queries';
import { Button } from '../../ui/button';
import { Dialog } from '../../ui/dialog';
import { Field, Select, TextInput } from '../../ui/field';
import { Notice } from '../../ui/notice';
import { PhoneNumber, StatusPill, Time } from '../../ui/state';
import { type Campaign, placeOf } from './data';
import { useSenderNames } from './sender-names';
import { useWords } from './words';

const FOLLOW_MS = 1500;
const UNDER_WAY = new Set(['pending', 'accepted']);

/** Its messages to one number, really sent, and what became of those before. */
export function TestDialog({ campaign, onClose }: { campaign: Campaign; onClose: () => void }) {
  const t = useWords();
  const form = useId();
  const [busy, setBusy] = useState(false);
  return (
    <Dialog
      title={t.testTitle}
      onClose={onClose}
      actions={
        <Button kind="primary" icon="send" busy={busy} type="submit" form={form}>
          {t.testSend}
        </Button>
      }
    >
      <p className="muted small">{t.testExplained}</p>
      <TestForm id={form} campaign={campaign} onBusy={setBusy} />
      <TestSends campaign={campaign} />
    </Dialog>
  );
}

interface TestFormProps {
  id: string;
  campaign: Campaign;
  onBusy: (busy: boolean) => void;
}

function TestForm({ id, campaign, onBusy }: TestFormProps) {
  const t = useWords();
  const client = useQueryClient();
  const senderName = useSenderNames();
  const [phone, setPhone] = useState('');
  const [message, setMessage] = useState('');
  const [sender, setSender] = useState(campaign.sender_ids[0] ?? '');
  const [error, setError] = useState<unknown>(null);
  const wrongPhone = error instanceof ApiProblem ? error.of('phone') : undefined;

  async function send(event: FormEvent) {
    event.preventDefault();
    onBusy(true);
    setError(null);
    try {
      const what = message ? { message: message as 'message_1' } : {};
      const body = { phone: phone.replace(/[\s.-]/g, ''), sender_id: sender, variables: {}, ...what };
      await call('post', '/api/campaigns/{campaign_id}/test-send', { ...placeOf(campaign.id), body });
      await invalidate(client, ['campaigns', campaign.id, 'test-sends']);
    } catch (problem) {
      setError(problem);
    }
    onBusy(false);
  }

  return (
    <form id={id} className="stack" onSubmit={(event) => void send(event)}>
      <Field label={t.testPhone} hint={t.testPhoneHint} error={wrongPhone}>
        <TextInput type="tel" value={phone} onChange={setPhone} required autoFocus />
      </Field>
      <Field label={t.testWhat}>
        <Select
          value={message}
          onChange={setMessage}
          options={[
            { value: '', label: t.testBoth },
            { value: 'message_1', label: t.message1 },
            { value: 'message_2', label: t.message2 },
          ]}
        />
      </Field>
      {campaign.sender_ids.length > 1 && (
        <Field label={t.testSender}>
          <Select
            value={sender}
            onChange={setSender}
            options={campaign.sender_ids.map((each) => ({ value: each, label: senderName(each) }))}
          />
        </Field>
      )}
      {error && !wrongPhone ? <Notice tone="bad">{failure(error)}</Notice> : null}
    </form>
  );
}

function TestSends({ campaign }: { campaign: Campaign }) {
  const t = useWords();
  const tests = useQuery({
    ...read('/api/campaigns/{campaign_id}/test-sends', { ...placeOf(campaign.id), query: { limit: 20 } }),
    // No event tells of a test: while one is under way and somebody looks, it is asked for.
    refetchInterval: ({ state }) =>
      state.data?.items.some(({ status }) => UNDER_WAY.has(status)) ? FOLLOW_MS : false,
  });
  return (
    <section aria-label={t.testSends} aria-live="polite">
      <h3>{t.testSends}</h3>
      {tests.data?.items.length === 0 && <p className="muted small">{t.noTests}</p>}
      <ul className="tests">
        {tests.data?.items.map((test) => (
          <li key={test.id}>
            <span className="row spread">
              <span>
                {test.message_type === 'message_1' ? t.message1 : t.message2} ·{' '}
                <PhoneNumber value={test.phone} />
              </span>
              <StatusPill state={test.status} text={t.messageStates[test.status as 'sent']} />
            </span>
            <span className="muted small">
              <Time at={test.created_at} />
              {test.reason && ` · ${test.reason}`}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
