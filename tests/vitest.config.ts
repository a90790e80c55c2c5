import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * For how long anything is waited for, in milliseconds: not how long it takes, for what takes long is the machine's matter.
 */
const patience = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 20_000 } } };

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    projects: [
      { root, test: { ...patience, name: 'rules', include: ['tests/rules/**/*.test.ts'] } },
      {
        // Each file makes a database of its own, on the engine that TEST_ENGINE names.
        root,
        test: {
          ...patience,
          name: 'api',
          include: ['tests/api/**/*.test.ts'],
          globalSetup: './tests/support/embedded.ts',
        },
      },
      {
        root,
        plugins: [svelte({ configFile: false })],
        resolve: { conditions: ['browser'] },
        test: {
          ...patience,
          name: 'web',
          include: ['tests/web/**/*.test.ts'],
          environment: './tests/support/runes.ts',
        },
      },
    ],
  },
});
