import { defineConfig } from '@playwright/test';

const executablePath = process.env.CHROMIUM_PATH;

export default defineConfig({
  testDir: '.',
  outputDir: '../.results/browser',
  globalSetup: '../support/embedded.ts',
  reporter: 'list',
  forbidOnly: Boolean(process.env.CI),
  // Pages that wait for a server, a database and a browser share two cores.
  workers: 2,
  // For how long anything is waited for, in milliseconds: not how long it takes, for what takes long is the machine's matter.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  use: {
    // Of what failed there is a picture, and what was on the page in words; a trace of everything would take a third of the
    // time. `npm test -- --only browser -- --trace on -g 'the test'` makes one.
    trace: 'off',
    screenshot: 'only-on-failure',
    launchOptions: {
      ...(executablePath && { executablePath }),
      args: [
        // Chromium's sandbox refuses to run as root.
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
});
