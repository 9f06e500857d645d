import { Component, type ComponentType, type ReactNode, useEffect, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { useCommon } from '../i18n/words';
import { loadPage, match, type PageProps } from '../pages';
import { Button } from '../ui/button';
import { Empty, PageHeader } from '../ui/layout';
import { Link } from '../ui/link';
import { dropOffers } from '../ui/toast';
import { hasStayed } from '../ui/url-state';

type Shown =
  | {
      readonly path: string;
      readonly page: string;
      readonly Page: ComponentType<PageProps>;
      readonly params: PageProps['params'];
    }
  | { readonly path: string; readonly missing: 'page' | 'files' };

/** The page at the current address. Until the next one is there, the last one stays. */
export function Outlet({ first }: { first: ComponentType<PageProps> | null }) {
  const [path] = useLocation();
  const [shown, setShown] = useState<Shown | null>(() => {
    const found = match(path);
    return found && first ? { path, page: found.route.page, Page: first, params: found.params } : null;
  });
  const opened = useRef(path);
  const openedPage = useRef(shown && 'page' in shown ? shown.page : '');

  useEffect(() => {
    let left = false;
    const found = match(path);
    if (!found) setShown({ path, missing: 'page' });
    else {
      const { route, params } = found;
      loadPage(route.page).then(
        (Page) => !left && setShown({ path, page: route.page, Page, params }),
        () => !left && setShown({ path, missing: 'files' }),
      );
    }
    return () => {
      left = true;
    };
  }, [path]);

  // Whoever cannot see that the page has changed hears its title; whoever uses the keyboard starts at its top.
  useEffect(() => {
    if (!shown || opened.current === shown.path) return;
    opened.current = shown.path;
    const page = 'page' in shown ? shown.page : '';
    const isSamePage = page === openedPage.current;
    openedPage.current = page;
    if (isSamePage && hasStayed()) return;
    if (!isSamePage) dropOffers();
    scrollTo(0, 0);
    document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  }, [shown]);

  return (
    <main id="content" className="content" tabIndex={-1} aria-busy={shown?.path !== path || undefined}>
      {shown === null ? null : 'missing' in shown ? (
        <Missing what={shown.missing} />
      ) : (
        <Guarded key={shown.page}>
          <shown.Page params={shown.params} />
        </Guarded>
      )}
    </main>
  );
}

function Missing({ what }: { what: 'page' | 'files' }) {
  const t = useCommon();
  if (what === 'files') {
    return (
      <>
        <PageHeader title={t.newVersion} />
        <Empty
          icon="refresh"
          title={t.newVersionExplained}
          action={
            <Button kind="primary" onClick={() => location.reload()}>
              {t.reload}
            </Button>
          }
        />
      </>
    );
  }
  return (
    <>
      <PageHeader title={t.noSuchPage} />
      <Empty
        icon="search"
        title={t.noSuchPageExplained}
        action={
          <Link href="/" as="primary">
            {t.toOverview}
          </Link>
        }
      />
    </>
  );
}

/** A page that breaks takes nothing else with it. */
class Guarded extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false };

  static getDerivedStateFromError() {
    return { broken: true };
  }

  override render() {
    return this.state.broken ? (
      <Broken onRetry={() => this.setState({ broken: false })} />
    ) : (
      this.props.children
    );
  }
}

function Broken({ onRetry }: { onRetry: () => void }) {
  const t = useCommon();
  return (
    <>
      <PageHeader title={t.broken} />
      <Empty icon="error" title={t.brokenExplained} action={<Button onClick={onRetry}>{t.tryAgain}</Button>} />
    </>
  );
}
