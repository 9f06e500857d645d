// Every page of the dashboard, and where it is. A page is a folder in pages/ with `index.tsx`, `fr.ts` and `en.ts`;
// as long as that is not there, nothing leads to it.

import type { ComponentType } from 'react';
import { parse } from 'regexparam';
import type { IconName } from './ui/icon';

export interface PageProps {
  /** The named parts of the address, such as `id`. */
  readonly params: Readonly<Record<string, string>>;
}

interface Route {
  readonly path: string;
  /** Its folder in pages/. */
  readonly page: string;
  /** Its place in the navigation, with the name of its words there. */
  readonly nav?: {
    readonly icon: IconName;
    readonly group: 'work' | 'watch' | 'admin';
    readonly superAdmin?: boolean;
  };
}

/** More particular addresses first. */
export const ROUTES: readonly Route[] = [
  { path: '/', page: 'overview', nav: { icon: 'overview', group: 'work' } },
  { path: '/campaigns', page: 'campaigns', nav: { icon: 'campaigns', group: 'work' } },
  { path: '/campaigns/new', page: 'campaign-new' },
  { path: '/campaigns/:id/edit', page: 'campaign-new' },
  { path: '/campaigns/:id', page: 'campaign' },
  { path: '/contacts', page: 'contacts', nav: { icon: 'contacts', group: 'work' } },
  { path: '/contacts/import', page: 'contacts-import' },
  { path: '/categories', page: 'categories', nav: { icon: 'categories', group: 'work' } },
  { path: '/messages', page: 'messages', nav: { icon: 'messages', group: 'watch' } },
  { path: '/monitoring', page: 'monitoring', nav: { icon: 'monitoring', group: 'watch' } },
  { path: '/senders', page: 'senders', nav: { icon: 'senders', group: 'watch' } },
  { path: '/settings', page: 'settings', nav: { icon: 'settings', group: 'admin' } },
  { path: '/users', page: 'users', nav: { icon: 'users', group: 'admin', superAdmin: true } },
  { path: '/profile', page: 'profile' },
];

type PageFile = { readonly default: ComponentType<PageProps> };

const files = import.meta.glob<PageFile>('./pages/*/index.tsx');
const loaded = new Map<string, ComponentType<PageProps>>();

const fileOf = (page: string) => `./pages/${page}/index.tsx`;

export const isBuilt = (route: Route): boolean => fileOf(route.page) in files;

const PATTERNS = ROUTES.filter(isBuilt).map((route) => ({ route, ...parse(route.path) }));

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

export function match(path: string): Match | undefined {
  for (const { route, keys, pattern } of PATTERNS) {
    const found = pattern.exec(path);
    if (found)
      return {
        route,
        params: Object.fromEntries(keys.map((key, at) => [key, decodeURIComponent(found[at + 1] ?? '')])),
      };
  }
  return undefined;
}

/** The page. Fails when the files of this version are gone, because a newer one was installed. */
export async function loadPage(page: string): Promise<ComponentType<PageProps>> {
  const file = loaded.get(page) ?? (await files[fileOf(page)]?.())?.default;
  if (!file) throw new Error(`there is no page ${page}`);
  loaded.set(page, file);
  return file;
}

/** Starts to fetch the page behind an address, so that it is there when it is asked for. */
export function preload(href: string): void {
  const found = match(href.split('?')[0] ?? href);
  if (found) loadPage(found.route.page).catch(() => undefined);
}
