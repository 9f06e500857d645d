// Makes the page paint from its own bytes: the styles that every page needs stand in it, what the first page needs is
// asked for before any script has run, and the scripts run after the first frame, not before it.

import type { Plugin, Rollup } from 'vite';

const STYLE_LINK = /<link rel="stylesheet"[^>]*href="\/(assets\/[^"]+\.css)"[^>]*>/;
const ENTRY = /<script type="module"[^>]*src="\/(assets\/[^"]+\.js)"[^>]*><\/script>/;
const PRELOADS = '{/* the build writes them here */}';
const LANGUAGES = ['fr', 'en'];
const LANDING = ['overview', 'sign-in'];
// Frames are not drawn in tabs that nobody sees: those start a little later. A module is run once, however often asked for.
const LATEST_MS = 300;

export function oneFile(): Plugin {
  return {
    name: 'one-file',
    apply: 'build',
    enforce: 'post',
    transformIndexHtml: {
      order: 'post',
      handler(html, { bundle }) {
        if (!bundle) return html;
        if (!html.includes(PRELOADS)) throw new Error('index.html has no place for the preloads');
        return afterFirstFrame(withStyles(html, bundle)).replace(PRELOADS, JSON.stringify(preloads(bundle)));
      },
    },
  };
}

function withStyles(html: string, bundle: Rollup.OutputBundle): string {
  const name = STYLE_LINK.exec(html)?.[1];
  const file = name ? bundle[name] : undefined;
  if (!name || file?.type !== 'asset') throw new Error('the build has no style sheet to put into the page');
  delete bundle[name];
  const styles = file.source.toString().trim();
  // Before all else: it says in which order layers count, whatever comes first of what is fetched.
  return html.replace(STYLE_LINK, '').replace('</title>', () => `</title>\n    <style>${styles}</style>`);
}

function afterFirstFrame(html: string): string {
  const name = ENTRY.exec(html)?.[1];
  if (!name) throw new Error('the build has no script to start');
  const start = `(() => {
      const start = () => import('/${name}');
      requestAnimationFrame(() => setTimeout(start));
      setTimeout(start, ${LATEST_MS});
    })();`;
  return html
    .replace(ENTRY, `<link rel="modulepreload" crossorigin href="/${name}">`)
    .replace('</body>', () => `<script>${start}</script>\n  </body>`);
}

/** By page and language: the files that it needs and that the entry does not bring with it. */
function preloads(bundle: Rollup.OutputBundle): Record<string, string[]> {
  const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
  const entry = chunks.find((chunk) => chunk.isEntry);
  const already = new Set(entry ? [entry.fileName, ...entry.imports] : []);
  const needed = (ending: string): string[] => {
    const chunk = chunks.find(({ moduleIds }) => moduleIds.some((id) => id.endsWith(ending)));
    const styles = (chunk?.viteMetadata?.importedCss ?? new Set()) as Set<string>;
    return chunk ? [...styles, ...chunk.imports, chunk.fileName] : [];
  };
  return Object.fromEntries(
    LANDING.flatMap((page) =>
      LANGUAGES.map((language) => {
        const files = [`/i18n/all-${language}.ts`, `/pages/${page}/index.tsx`].flatMap(needed);
        return [`${page}/${language}`, [...new Set(files)].filter((file) => !already.has(file))];
      }),
    ),
  );
}
