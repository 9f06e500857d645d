import './style.css';
import './estimate.css';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { read } from '../../api/queries';
import { keptDraft } from '../../campaigns/kept-draft';
import { date } from '../../i18n/format';
import type { PageProps } from '../../pages';
import { useMe } from '../../session/session';
import { useStore } from '../../store';
import { ErrorState, PageHeader, Skeleton } from '../../ui/layout';
import { Link } from '../../ui/link';
import { Notice } from '../../ui/notice';
import { replaceAddress } from '../../ui/url-state';
import { closeDraft, forgetMade, lastMadeDraft, newDraft, openDraft, storedDraft } from './drafts';
import { Editor } from './editor';
import { type DraftKeeper, hasChanges } from './keeper';
import { addressOf, useStep } from './step';
import { sendersQuery } from './use-senders';
import { useWords } from './words';

/** As many as a campaign may have. */
const MOST_SENDERS = 100;

export default function CampaignEditorPage({ params }: PageProps) {
  const t = useWords();
  const id = params['id'];
  const { keeper, error, retry } = useKeeper(id);
  const title = id ? t.editTitle : t.newTitle;
  if (keeper) return <Open key={keeper.key} id={id} keeper={keeper} title={title} />;
  return (
    <>
      <PageHeader title={title} />
      {error ? <ErrorState error={error} onRetry={retry} /> : <Skeleton lines={4} height="6rem" />}
    </>
  );
}

/** The draft of this address: one that is open already, one that the server has, or a new one. */
function useKeeper(id: string | undefined) {
  const t = useWords();
  const me = useMe();
  const campaign = useQuery({ ...read('/api/campaigns/{campaign_id}', place(id)), enabled: id !== undefined });
  const senders = useQuery({ ...sendersQuery, enabled: id === undefined });
  const source = id === undefined ? senders : campaign;
  const isReady = source.data !== undefined;
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is typed stands over any later answer
  const keeper = useMemo(() => {
    const known = openDraft(id);
    if (known || !isReady) return known;
    if (campaign.data && id !== undefined) return storedDraft(me.id, campaign.data);
    const able = senders.data?.items.filter(({ status }) => status === 'active') ?? [];
    return newDraft(me.id, {
      name: t.defaultName(date(Date.now())),
      sender_ids: able.slice(0, MOST_SENDERS).map((sender) => sender.id),
    });
  }, [id, isReady]);
  return { keeper, error: source.isError ? source.error : null, retry: () => void source.refetch() };
}

const place = (id: string | undefined) => ({ path: { campaign_id: id ?? '' } });

function Open({ id, keeper, title }: { id: string | undefined; keeper: DraftKeeper; title: string }) {
  const t = useWords();
  const draft = useStore(keeper.store);
  const [step] = useStep();
  const { data: campaign } = useQuery({
    ...read('/api/campaigns/{campaign_id}', place(draft.id ?? undefined)),
    enabled: draft.id !== null,
  });
  useAddress(id, draft.id);
  useEffect(() => () => leave(keeper), [keeper]);
  if (campaign?.started_at || campaign?.closed_at)
    return (
      <>
        <PageHeader title={title} sub={draft.form.name} />
        <Notice
          action={
            <Link href={`/campaigns/${campaign.id}`} as="primary">
              {t.toCampaign}
            </Link>
          }
        >
          {t.gone}
        </Notice>
      </>
    );
  return <Editor keeper={keeper} campaign={campaign} title={title} step={step} isNew={id === undefined} />;
}

/** A new draft moves to an address of its own once it has one; and whoever goes back from there stays with it. */
function useAddress(id: string | undefined, draftId: string | null): void {
  const me = useMe();
  const [step, hasStep] = useStep();
  useEffect(() => {
    if (id !== undefined) return;
    const made = lastMadeDraft();
    if (draftId) replaceAddress(addressOf(draftId, step));
    else if (hasStep && made && !keptDraft(me.id, null)) replaceAddress(addressOf(made, step));
    else if (!hasStep) {
      forgetMade();
      replaceAddress(addressOf(null, step));
    }
  }, [id, draftId, step, hasStep, me.id]);
}

function leave(keeper: DraftKeeper): void {
  const draft = keeper.store.get();
  if (hasChanges(draft) || draft.posted) keeper.saveNow();
  else closeDraft(keeper);
}
