// Makes the page paint from its own bytes: the styles that every page needs stand in it, and the files that the first
// page needs are asked for before any script has run.

import type { Plugin, Rollup } from 'vite';

const STYLE_LINK = /<link rel="stylesheet"[^>]*href="\/(assets\/[^"]+\.css)"[^>]*>/;
const PRELOADS = '{/* the build writes them here */}';
const LANGUAGES = ['fr', 'en'];
const LANDING = ['overview', 'sign-in'];

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
        return withStyles(html, bundle).replace(PRELOADS, JSON.stringify(preloads(bundle)));
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
  return html.replace(STYLE_LINK, () => `<style>${styles}</style>`);
}

/** By page and language: the files that it needs and that the entry does not bring with it. */
function preloads(bundle: Rollup.OutputBundle): Record<string, string[]> {
  const chunks = Object.values(bundle).filter((file) => file.type === 'chunk');
  const byModule = new Map(chunks.map((chunk) => [chunk.facadeModuleId ?? chunk.name, chunk]));
  const entry = chunks.find((chunk) => chunk.isEntry);
  const already = new Set(entry ? [entry.fileName, ...entry.imports] : []);
  const needed = (ending: string): string[] => {
    const chunk = [...byModule].find(([id]) => id.endsWith(ending))?.[1];
    return chunk ? [...chunk.imports, chunk.fileName] : [];
  };
  return Object.fromEntries(
    LANDING.flatMap((page) =>
      LANGUAGES.map((language) => {
        const files = [
          `/i18n/${language}.ts`,
          `/pages/${page}/index.tsx`,
          `/pages/${page}/${language}.ts`,
        ].flatMap(needed);
        return [`${page}/${language}`, [...new Set(files)].filter((file) => !already.has(file))];
      }),
    ),
  );
}
