import { defineConfig } from 'vite';
import { oneFile } from './build/one-file.ts';
import { precompressed } from './build/precompressed.ts';

// React's API, run by Preact: why, and what it saves, is in docs/decisions/0013-a-dashboard-on-preact.md.
// `vite build --mode react` builds with React itself; `const RUNTIME = {}` switches back for good.
const RUNTIME = {
  'react/jsx-runtime': 'preact/jsx-runtime',
  'react/jsx-dev-runtime': 'preact/jsx-runtime',
  'react-dom/client': 'preact/compat/client',
  'react-dom': 'preact/compat',
  'use-sync-external-store/shim/index.js': 'preact/compat',
  react: 'preact/compat',
};

const API = 'http://127.0.0.1:8080';

export default defineConfig(({ mode }) => ({
  plugins: [oneFile(), precompressed()],
  resolve: { alias: mode === 'react' ? {} : RUNTIME },
  build: {
    target: 'es2024',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      // "use client" is for servers that render; here is none.
      onLog: (level, log, otherwise) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') otherwise(level, log);
      },
      output: {
        // What changes with its version alone is a file of its own, which browsers keep over updates of Relance.
        codeSplitting: {
          groups: [
            {
              name: 'vendor',
              test: /node_modules\/(preact|react|@tanstack\/(react-)?query|wouter|regexparam|scheduler)/,
              priority: 4,
            },
            {
              name: 'kit',
              test: /src\/(api|campaigns|i18n|layout|live|optimistic|senders|session|ui)\/(?!(all-)?(fr|en)\.ts)|\/words\.ts$/,
              priority: 3,
            },
            { name: 'fr', test: /\/(all-)?fr\.ts$/, priority: 2 },
            { name: 'en', test: /\/(all-)?en\.ts$/, priority: 2 },
            // Pages that are used together compress better together.
            { name: 'campaign', test: /src\/pages\/campaign/, priority: 1 },
            { name: 'people', test: /src\/pages\/(contacts|categories|messages)/, priority: 1 },
            { name: 'admin', test: /src\/pages\/(settings|users|profile|senders|monitoring)/, priority: 1 },
          ],
        },
        entryFileNames: 'assets/[name]-[hash:8].js',
        chunkFileNames: 'assets/[name]-[hash:8].js',
        assetFileNames: 'assets/[name]-[hash:8][extname]',
      },
    },
  },
  server: {
    port: 5173,
    // The API refuses what comes from a page of another site; to it, the development server is one.
    proxy: { '/api': { target: API, headers: { 'Sec-Fetch-Site': 'same-origin' } } },
  },
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
}));
