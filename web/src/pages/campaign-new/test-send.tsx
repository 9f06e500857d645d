import './test-send.css';
import { useQueryClient } from '@tanstack/react-query';
import { type KeyboardEvent, useState } from 'react';
import { call } from '../../api/client';
import { failure } from '../../api/failure';
import { ApiProblem } from '../../api/problem';
import { keyOf } from '../../api/url';
import { keep, kept } from '../../kept';
import { useMe } from '../../session/session';
import { Button } from '../../ui/button';
import { Field, Select, TextInput } from '../../ui/field';
import { Notice } from '../../ui/notice';
import { Segments } from '../../ui/tabs';
import { IncompleteError } from './keeper';
import { SentTests } from './sent-tests';
import { useSenders } from './use-senders';
import { useWords } from './words';

type Which = 'both' | 'message_1' | 'message_2';

interface Props {
  readonly campaignId: string | null;
  /** Gives the campaign's id once the server has all of it: what arrives is what is on the screen. */
  readonly flush: () => Promise<string>;
  readonly senderIds: readonly string[];
  readonly isReady: boolean;
}

/** Somebody sends it to their own phone first. */
export function TestSend({ campaignId, flush, senderIds, isReady }: Props) {
  const t = useWords();
  const me = useMe();
  const [phone, setPhone] = useState(kept(`test-phone.${me.id}`) ?? '');
  const [which, setWhich] = useState<Which>('both');
  const [chosen, setSender] = useState('');
  const senders = useSenders().filter((sender) => senderIds.includes(sender.id));
  const sender =
    senders.find((each) => each.id === chosen) ?? senders.find(({ status }) => status === 'active');
  const { send, isBusy, error } = useTestSend(flush);
  const isPhoneWrong = error instanceof ApiProblem && error.of('phone') !== undefined;

  const go = () => {
    keep(`test-phone.${me.id}`, phone);
    void send({ phone, message: which === 'both' ? null : which, sender_id: sender?.id ?? null });
  };
  // Enter sends the test from here; everywhere else it leads to the next step.
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    if (isReady && phone.trim()) go();
  };
  return (
    <div className="stack">
      <p className="muted small">{t.testExplained}</p>
      <div className="test-fields">
        <Field label={t.testPhone} hint={t.testPhoneHint} error={isPhoneWrong ? t.testPhoneWrong : undefined}>
          <TextInput type="tel" autoComplete="tel" value={phone} onChange={setPhone} onKeyDown={onKey} />
        </Field>
        {senders.length > 1 && (
          <Field label={t.testFrom}>
            <Select
              value={sender?.id ?? ''}
              onChange={setSender}
              options={senders.map(({ id: value, name: label }) => ({ value, label }))}
            />
          </Field>
        )}
      </div>
      <div className="row">
        <Segments
          label={t.testWhich}
          tabs={[
            { id: 'both', label: t.testBoth },
            { id: 'message_1', label: t.message1 },
            { id: 'message_2', label: t.message2 },
          ]}
          current={which}
          onChange={(next) => setWhich(next as Which)}
        />
        <Button icon="send" busy={isBusy} disabled={!isReady || !phone.trim()} onClick={go}>
          {t.testSend}
        </Button>
      </div>
      {!isReady && <p className="muted small">{t.testNotYet}</p>}
      {error !== null && !isPhoneWrong && (
        <Notice tone="bad">
          <strong>{t.testFailed}</strong>
          <div className="small">{error instanceof IncompleteError ? t.testNotYet : failure(error)}</div>
        </Notice>
      )}
      {campaignId && <SentTests campaignId={campaignId} />}
    </div>
  );
}

interface Asked {
  readonly phone: string;
  readonly message: 'message_1' | 'message_2' | null;
  readonly sender_id: string | null;
}

function useTestSend(flush: Props['flush']) {
  const client = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const send = async (body: Asked) => {
    setBusy(true);
    setError(null);
    try {
      const campaign_id = await flush();
      await call('post', '/api/campaigns/{campaign_id}/test-send', {
        path: { campaign_id },
        body: { ...body, variables: {} },
      });
      await client.invalidateQueries({ queryKey: keyOf(`/api/campaigns/${campaign_id}/test-sends`) });
    } catch (failed) {
      setError(failed);
    } finally {
      setBusy(false);
    }
  };
  return { send, isBusy, error };
}
