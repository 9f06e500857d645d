import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { navigate } from 'wouter/use-browser-location';
import { failure } from '../../api/failure';
import { reworded } from '../../api/reworded';
import { useMe } from '../../session/session';
import { Card, Skeleton } from '../../ui/layout';
import { toast } from '../../ui/toast';
import { ChooseFile } from './choose-file';
import { type Draft, loadDraft, newDraft, type Preview, saveDraft, withChoices } from './draft';
import { fileProblem } from './file-problem';
import { Prepare, Unreadable } from './prepare';
import { previewOf, start } from './upload';
import { useWords } from './words';

const PATH = '/contacts/import';

/** From a file to an import that is under way. */
export function Wizard() {
  const t = useWords();
  const client = useQueryClient();
  const wordings = { 'Unreadable file': (detail: string) => fileProblem(t, detail) };
  const { id: user } = useMe();
  // `undefined`: nobody knows yet whether there is one.
  const [draft, setDraft] = useState<Draft | null | undefined>();
  useEffect(
    () => void loadDraft(user).then((found) => setDraft((now) => (now === undefined ? found : now))),
    [user],
  );

  const preview = useQuery({
    queryKey: ['import-preview', draft?.chosenAt],
    queryFn: () => reworded(wordings, previewOf((draft as Draft).file)),
    enabled: Boolean(draft),
    staleTime: Number.POSITIVE_INFINITY,
  });

  function keep(next: Draft | null) {
    setDraft(next);
    void saveDraft(user, next);
  }

  async function send(ready: Draft, columns: Preview) {
    try {
      const { id } = await reworded(wordings, start(user, ready, columns));
      void client.invalidateQueries({ queryKey: ['imports'] });
      const href = `${PATH}?id=${id}`;
      if (location.pathname === PATH) navigate(href, { replace: true });
      else
        toast({
          tone: 'good',
          text: t.started(ready.file.name),
          action: { label: t.look, run: () => navigate(href) },
        });
    } catch (error) {
      toast({ tone: 'bad', text: t.notStarted(ready.file.name), detail: failure(error) });
    }
  }

  if (draft === undefined) return <Waiting />;
  if (draft === null) return <ChooseFile onChoose={(file) => keep(newDraft(file))} />;
  if (preview.isPending) return <Waiting />;
  if (preview.isError)
    return (
      <Unreadable
        file={draft.file}
        error={preview.error}
        onRetry={() => void preview.refetch()}
        onOther={() => keep(null)}
      />
    );
  return (
    <Prepare
      draft={draft}
      preview={preview.data}
      onChange={(change) => keep(withChoices(draft, change))}
      onStart={() => void send(draft, preview.data)}
      onOther={() => keep(null)}
    />
  );
}

const Waiting = () => (
  <Card>
    <Skeleton lines={5} height="2rem" />
  </Card>
);
