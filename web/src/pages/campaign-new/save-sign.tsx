import { failure } from '../../api/failure';
import { useStore } from '../../store';
import { Button } from '../../ui/button';
import { Icon } from '../../ui/icon';
import { gapsOf } from './form';
import { type DraftKeeper, hasChanges } from './keeper';
import { useWords } from './words';

/** Where what was typed is by now. */
export function SaveSign({ keeper }: { keeper: DraftKeeper }) {
  const t = useWords();
  const draft = useStore(keeper.store);
  const { state, error, id, form } = draft;
  if (state === 'failed')
    return (
      <div className="save-sign save-sign-failed" role="alert">
        <span title={failure(error)}>
          <Icon name="warning" /> {t.save.failed} <span className="small">{failure(error)}</span>
        </span>
        <Button size="small" icon="refresh" onClick={keeper.saveNow}>
          {t.save.now}
        </Button>
      </div>
    );
  const isChanged = hasChanges(draft);
  const isIncomplete = gapsOf(form).length > 0;
  const words =
    state === 'saving' || (isChanged && !isIncomplete)
      ? t.save.saving
      : isChanged
        ? t.save.local
        : id
          ? t.save.saved
          : t.save.untouched;
  return (
    <p className="save-sign muted small" role="status">
      {words === t.save.saved && <Icon name="check" />} {words}
    </p>
  );
}
