import { type ComponentType, useEffect, useRef } from 'react';
import { useLocation } from 'wouter';
import { LANGUAGES, language } from '../i18n/language';
import { switchLanguage, useCommon } from '../i18n/words';
import { isBuilt, match, type PageProps, ROUTES } from '../pages';
import { managesUsers, signOut, useMe } from '../session/session';
import { useStore } from '../store';
import { Button } from '../ui/button';
import { Icon } from '../ui/icon';
import { Link } from '../ui/link';
import { Menu } from '../ui/menu';
import { Brand } from './brand';
import { ConnectionSign } from './connection-sign';
import { Outlet } from './outlet';
import { chooseTheme, THEMES, theme } from './theme';

const GROUPS = ['work', 'watch', 'admin'] as const;
const BOTTOM = 4;

/** Navigation beside the page; on a phone, below it and in a drawer. */
export function Frame({ first }: { first: ComponentType<PageProps> | null }) {
  const t = useCommon();
  const [path] = useLocation();
  const drawer = useRef<HTMLDialogElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: it closes whenever another page is opened
  useEffect(() => drawer.current?.close(), [path]);
  return (
    <div className="frame">
      <a className="skip" href="#content">
        {t.skip}
      </a>
      <header className="sidebar">
        <Brand />
        <Navigation label={t.navigation} />
        <div className="sidebar-foot">
          <ConnectionSign />
          <PersonMenu />
        </div>
      </header>
      <header className="topbar">
        <Brand />
        <ConnectionSign />
        <Button kind="quiet" icon="menu" label={t.menu} onClick={() => drawer.current?.showModal()} />
      </header>
      <Outlet first={first} />
      <BottomBar />
      <dialog ref={drawer} className="drawer" aria-label={t.menu}>
        <div className="drawer-head">
          <Brand />
          <Button kind="quiet" icon="close" label={t.close} onClick={() => drawer.current?.close()} />
        </div>
        <Navigation label={t.menu} />
        <PersonMenu />
      </dialog>
    </div>
  );
}

function useRoutes() {
  const me = useMe();
  return ROUTES.filter((route) => isBuilt(route) && route.nav && (!route.nav.superAdmin || managesUsers(me)));
}

function Navigation({ label }: { label: string }) {
  const t = useCommon();
  const [path] = useLocation();
  const routes = useRoutes();
  const names: Readonly<Record<string, string>> = t.pages;
  return (
    <nav aria-label={label}>
      {GROUPS.map((group) => (
        <ul key={group} className="nav">
          {routes
            .filter(({ nav }) => nav?.group === group)
            .map(({ path: href, page, nav }) => (
              <li key={page}>
                <Link href={href} className="nav-link" current={isCurrent(href, path)} icon={nav?.icon}>
                  {names[page]}
                </Link>
              </li>
            ))}
        </ul>
      ))}
    </nav>
  );
}

function BottomBar() {
  const t = useCommon();
  const [path] = useLocation();
  const names: Readonly<Record<string, string>> = t.pages;
  return (
    <nav className="bottom-bar" aria-label={t.shortcuts}>
      {useRoutes()
        .slice(0, BOTTOM)
        .map(({ path: href, page, nav }) => (
          <Link key={page} href={href} className="bottom-link" current={isCurrent(href, path)} icon={nav?.icon}>
            {names[page]}
          </Link>
        ))}
    </nav>
  );
}

/** The section that an address belongs to. */
const isCurrent = (href: string, path: string): boolean =>
  href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`);

function PersonMenu() {
  const t = useCommon();
  const me = useMe();
  const shown = useStore(theme);
  const tongue = useStore(language);
  return (
    <Menu
      className="person"
      items={[
        ...(match('/profile') ? [{ label: t.pages.profile, icon: 'users' as const, href: '/profile' }] : []),
        ...THEMES.map((each, at) => ({
          label: t.themes[each],
          checked: each === shown,
          apart: at === 0,
          act: () => chooseTheme(each),
        })),
        ...LANGUAGES.map((each, at) => ({
          label: t.languages[each],
          checked: each === tongue,
          apart: at === 0,
          act: () => void switchLanguage(each),
        })),
        { label: t.signOut, icon: 'leave' as const, apart: true, act: () => void signOut() },
      ]}
    >
      <span className="person-mark" aria-hidden="true">
        {me.name.slice(0, 1).toUpperCase()}
      </span>
      <span className="person-name">{me.name}</span>
      <Icon name="chevron" />
    </Menu>
  );
}
