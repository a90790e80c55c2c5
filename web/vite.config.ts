import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const root = fileURLToPath(new URL('.', import.meta.url));

/**
 * `vite build` writes `web/dist`. `npm run dev` takes this same configuration in middleware mode; the proxy serves
 * those who run Vite on its own, with the server on its usual port beside it.
 */
export default defineConfig({
  root,
  plugins: [svelte({ configFile: false })],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    // The first versions that know light-dark() and popovers.
    target: ['chrome123', 'firefox125', 'safari17.5'],
    // A strict CSP forbids data: scripts and styles; files also cache better.
    assetsInlineLimit: 0,
    // In kilobytes. The highlighter's grammars are large, and each is only fetched where its language turns up.
    chunkSizeWarningLimit: 1000,
    rolldownOptions: {
      output: {
        // One chunk, so that what src/no-eval.ts sets stands before a schema in any other chunk is made.
        codeSplitting: { groups: [{ name: 'zod', test: /node_modules\/zod\/|no-eval\.ts$/ }] },
      },
    },
  },
  server: {
    proxy: { '/api': { target: 'http://127.0.0.1:3000', ws: true } },
  },
});
