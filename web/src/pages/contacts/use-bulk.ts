import { useQueryClient } from '@tanstack/react-query';
import { toast } from '../../ui/toast';
import { type Bulk, bulk } from './bulk';
import { OUTDATES } from './use-contact-writes';
import type { Chosen } from './use-selection';
import { useWords } from './words';

/** Resolves when the dialog may close; fails when nothing was done. */
export type Act = (whom: Chosen, action: Bulk) => Promise<void>;

/**
 * An action on those who are chosen. Chosen rows change at once; for all that a filter leaves, most of which nobody
 * sees, the dialog waits for the answer.
 */
export function useBulk(
  many: (ids: readonly string[], action: Bulk) => Promise<unknown>,
  onDone: () => void,
): Act {
  const t = useWords();
  const client = useQueryClient();
  return async (whom, action) => {
    const { filter } = whom;
    if (!filter) {
      onDone();
      void many([...whom.ids], action);
      return;
    }
    const { changed, refused } = await bulk({ filter }, action, crypto.randomUUID());
    onDone();
    toast({
      tone: refused ? 'warn' : 'good',
      text: t.changed[action.action](changed),
      ...(refused && { detail: t.refused(refused) }),
    });
    // Any row may have changed, and a long list is not asked for again by itself.
    for (const queryKey of [['contacts'], ...OUTDATES]) void client.resetQueries({ queryKey });
  };
}
