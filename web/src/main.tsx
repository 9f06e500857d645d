// The start: who is signed in, in which language, and which page; then everything at once, over the frame that the page
// came with.

import './styles/index.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { type ComponentType, lazy, type ReactNode, Suspense, useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { queryClient } from './api/queries';
import { loadWords } from './i18n/words';
import { Frame } from './layout/frame';
import { LiveStream } from './live/stream';
import { loadPage, match, type PageProps } from './pages';
import { openSession, session, useSession } from './session/session';
import { ErrorState } from './ui/layout';
import { Toasts } from './ui/toast';

const SignIn = lazy(() => loadPage('sign-in').then((Page) => ({ default: Page })));
const EndedDialog = lazy(() => import('./session/ended-dialog'));
const stream = new LiveStream(queryClient);
const NO_PARAMS = {};

function App({ first }: { first: ComponentType<PageProps> | null }) {
  const { me, ended } = useSession();
  const isInside = me !== null && !me.must_change_password;
  useEffect(() => void performance.mark('app-ready'), []);
  useEffect(() => {
    document.documentElement.removeAttribute('data-frame');
    if (!isInside) return;
    stream.start();
    return () => stream.stop();
  }, [isInside]);
  return (
    <QueryClientProvider client={queryClient}>
      <Suspense fallback={null}>{isInside ? <Frame first={first} /> : <SignIn params={NO_PARAMS} />}</Suspense>
      <Suspense fallback={null}>{ended && <EndedDialog />}</Suspense>
      <Toasts />
    </QueryClientProvider>
  );
}

async function start(root: HTMLElement): Promise<void> {
  const words = loadWords();
  try {
    await openSession();
    const { me } = session.get();
    const page = me && !me.must_change_password ? match(location.pathname)?.route.page : 'sign-in';
    const [first] = await Promise.all([page ? loadPage(page) : null, words]);
    show(root, <App first={page === 'sign-in' ? null : first} />);
  } catch (error) {
    await words;
    show(root, <ErrorState error={error} onRetry={() => location.reload()} />);
  }
}

function show(root: HTMLElement, what: ReactNode): void {
  root.replaceChildren();
  createRoot(root).render(what);
}

// What somebody saw who has signed out does not come back by the Back button.
window.addEventListener('pageshow', ({ persisted }) => persisted && location.reload());

const root = document.getElementById('app');
if (root) void start(root);
