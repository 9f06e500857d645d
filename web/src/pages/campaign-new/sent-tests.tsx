import { useQuery } from '@tanstack/react-query';
import { read } from '../../api/queries';
import type { Schemas } from '../../api/types';
import { reasonText } from '../../campaigns/reasons';
import { useCommon } from '../../i18n/words';
import { PhoneNumber, StatusPill, Time } from '../../ui/state';
import { useWords } from './words';

type SendTest = Schemas['SendTest'];

const SHOWN = 6;
const ASK_EVERY_MS = 1000;
const FOLLOWED_FOR_MS = 120_000;

/** No event tells of them: they are followed until they have arrived, or for two minutes. */
const isUnderWay = ({ status, created_at }: SendTest): boolean =>
  ['pending', 'accepted', 'sent'].includes(status) && Date.now() - Date.parse(created_at) < FOLLOWED_FOR_MS;

/** What became of each test. */
export function SentTests({ campaignId }: { campaignId: string }) {
  const t = useWords();
  const { reasons } = useCommon();
  const { data } = useQuery({
    ...read('/api/campaigns/{campaign_id}/test-sends', {
      path: { campaign_id: campaignId },
      query: { limit: SHOWN },
    }),
    refetchInterval: ({ state }) => (state.data?.items.some(isUnderWay) ? ASK_EVERY_MS : false),
  });
  if (!data?.items.length) return null;
  return (
    <section>
      <h3>{t.tests}</h3>
      <ul className="tests">
        {data.items.map((test) => (
          <li key={test.id}>
            <span>{test.message_type === 'message_1' ? t.message1 : t.message2}</span>
            <PhoneNumber value={test.phone} />
            <StatusPill {...shown(test)} />
            <span className="muted small">
              <Time at={test.created_at} />
            </span>
            {test.reason && <span className="tests-reason small">{reasonText(reasons, test.reason)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** `refused` and `pending` mean something else here than for a contact. */
const shown = ({ status }: SendTest) =>
  status === 'pending' ? { state: 'queued' } : status === 'refused' ? { state: 'failed' } : { state: status };
