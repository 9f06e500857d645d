import { useCommon } from '../i18n/words';
import { Button } from './button';

interface Paged {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
}

/** The way to the next page of a list that is read in pages; nothing when all is shown. */
export function ShowMore({ of, className }: { of: Paged; className?: string }) {
  const t = useCommon();
  if (!of.hasNextPage) return null;
  return (
    <div className={className}>
      <Button busy={of.isFetchingNextPage} onClick={() => void of.fetchNextPage()}>
        {t.showMore}
      </Button>
    </div>
  );
}
