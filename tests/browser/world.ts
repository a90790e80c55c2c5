/**
 * What the browser tests share: a server of their own on an embedded database, people made through HTTP, pages opened as
 * them. Import `test` from here: at the end of each test it closes what `open` opened, unless it is to be kept, and fails
 * the test for whatever a page complained about meanwhile (console errors, uncaught exceptions, breaches of the content
 * security policy).
 */
import { rm } from 'node:fs/promises';
import { type Browser, type BrowserContext, expect, type Page, test as base } from '@playwright/test';
import axe from 'axe-core';
import type { Input, Output } from '../../shared/endpoint.ts';
import { importLines, type ImportFormat } from '../../shared/imports.ts';
import { createProject, type Project } from '../../shared/projects.ts';
import { embeddedFolder } from '../support/embedded.ts';
import {
  callAt,
  firstAdmin,
  type Headers,
  joinAsTrainer,
  type ServerProcess,
  signInAdmin,
  startServer,
} from '../support/server.ts';

export { callAt, expect, firstAdmin, type Headers };

/** The password of the first admin and of everyone whom `trainer` makes. */
export const { password } = firstAdmin;

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 390, height: 844 };

/** Longer than anything here takes on a busy machine, and shorter than a whole test may, in milliseconds. */
const patience = 20_000;

export interface View {
  /** `desktop` unless told. */
  viewport?: { width: number; height: number };
  colorScheme?: 'light' | 'dark';
  /** Stays open for the tests that follow: a browser is far quicker with a site that it has shown before. */
  kept?: boolean;
}

/** A server in a process of its own, with its data in a folder that goes when it ends. */
export interface Site {
  readonly url: string;
  readonly server: ServerProcess;
  stop(): Promise<void>;
}

export interface World extends Site {
  /** What signs the first admin in. */
  readonly admin: Headers;
  project(settings?: Partial<Input<typeof createProject>['body']>): Promise<Project>;
  /** Imports values as JSON lines, and expects none to be rejected. */
  import(project: { id: string }, format: ImportFormat, lines: readonly unknown[]): Promise<Output<typeof importLines>>;
  /** Makes a trainer `<name>@example.org` who is a member of the project. The name must be good in an address. */
  trainer(projectId: string, name: string): Promise<Headers>;
  /** A page in a context of its own, at no address yet, where `headers` are signed in; null for nobody. */
  open(browser: Browser, headers: Headers | null, view?: View): Promise<Page>;
}

/** A server without any admin, as a newcomer finds it; its console has the setup link. */
export async function startSite(env: Record<string, string> = {}): Promise<Site> {
  const dataDir = await embeddedFolder('duologue-browser-');
  try {
    const server = await startServer({ DATA_DIR: dataDir, ADMIN_EMAIL: '', ADMIN_PASSWORD: '', ...env });
    return {
      url: server.url,
      server,
      async stop() {
        await server.end('SIGTERM');
        await rm(dataDir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  }
}

/** A server with its first admin signed in. */
export async function startWorld({ env = {} }: { env?: Record<string, string> } = {}): Promise<World> {
  const site = await startSite({ ADMIN_EMAIL: firstAdmin.email, ADMIN_PASSWORD: firstAdmin.password, ...env });
  const { url } = site;
  const admin = await signInAdmin(url);
  return {
    ...site,
    admin,
    async project(settings = {}) {
      return (await callAt(url, createProject, { body: { name: 'A project', ...settings } }, admin)).project;
    },
    async import({ id }, format, lines) {
      const body = lines.map((line) => JSON.stringify(line)).join('\n');
      const input = { params: { projectId: id }, query: { format }, body };
      const result = await callAt(url, importLines, input, admin);
      expect(result.rejected).toEqual([]);
      return result;
    },
    trainer: (projectId, name) => joinAsTrainer(url, admin, projectId, name),
    open: (browser, headers, view) => open(browser, url, headers, view),
  };
}

interface Opened {
  /** What the pages of this context complained about. */
  complaints: string[];
  /** Complaints that the test wants. */
  allowed: RegExp[];
  kept: boolean;
}

/** The browser says so of the question who is signed in, where nobody is. */
const nobodySignedIn = /status of 401 \(Unauthorized\) .*\/api\/session$/;

const opened = new Map<BrowserContext, Opened>();

/**
 * A page of the site at `url`, in a context of its own. Addresses are relative to the site: `page.goto('/people')`.
 * Of what it may complain about, only the question who is signed in, answered with nobody, is let pass.
 */
export async function open(browser: Browser, url: string, headers: Headers | null, view: View = {}): Promise<Page> {
  const { viewport = desktop, colorScheme = 'light', kept = false } = view;
  const context = await browser.newContext({
    baseURL: url,
    viewport,
    colorScheme,
    reducedMotion: 'reduce',
    hasTouch: viewport.width < 600,
  });
  context.setDefaultTimeout(patience);
  const complaints: string[] = [];
  opened.set(context, { complaints, allowed: [nobodySignedIn], kept });
  const [name, value] = headers?.['cookie']?.split('=') ?? [];
  if (name !== undefined && value !== undefined) await context.addCookies([{ name, value, url }]);
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI, sample }) =>
      console.error(`content security policy: ${violatedDirective} ${blockedURI} ${sample}`),
    );
  });
  context.on('console', (message) => {
    if (message.type() === 'error') complaints.push(`${message.text()} ${message.location().url}`);
  });
  context.on('weberror', (error) => complaints.push(String(error.error().stack ?? error.error())));
  return context.newPage();
}

/** Lets pages of this page's context complain about something, as about a refusal that the test brings about. */
export function allow(page: Page, complaint: RegExp): void {
  opened.get(page.context())?.allowed.push(complaint);
}

/** The browser says of each refused request that it failed; lets it, for this status and address. */
export function allowStatus(page: Page, status: number, address: RegExp): void {
  allow(page, new RegExp(`status of ${status} .*${address.source}`));
}

/** Closes a context, or clears what is kept for the next test; answers with what its pages complained about unasked. */
async function end(context: BrowserContext, { kept, complaints, allowed }: Opened): Promise<string[]> {
  if (kept) {
    // What comes of what was shown comes to the test that showed it.
    for (const page of context.pages()) {
      await page.unrouteAll({ behavior: 'ignoreErrors' });
      await page.goto('about:blank');
    }
  }
  const found = complaints.splice(0).filter((complaint) => !allowed.some((pattern) => pattern.test(complaint)));
  if (kept) {
    allowed.splice(1);
  } else {
    opened.delete(context);
    await context.close();
  }
  return found;
}

export const test = base.extend<{ quiet: undefined }>({
  quiet: [
    // eslint-disable-next-line no-empty-pattern -- Playwright reads what a fixture needs from this pattern.
    async ({}, use) => {
      await use(undefined);
      const ended = await Promise.all([...opened].map(([context, one]) => end(context, one)));
      const complaints = ended.flat();
      expect(complaints, 'what the pages complained about').toEqual([]);
    },
    { auto: true },
  ],
});

interface Looked {
  /** Asks only whether colours can be told apart. */
  only?: 'colours';
  /** A selector: looks at this part of the page alone. */
  within?: string;
}

/** Fails for whatever axe finds wrong with the page as it is now, by WCAG 2.2 A and AA and axe's best practices. */
export async function expectNoAxeViolations(page: Page, { only, within }: Looked = {}): Promise<void> {
  // It stays with the document, so that it is sent once.
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
  const rules = only ? ['color-contrast', 'link-in-text-block'] : null;
  const { found, asked } = await page.evaluate(
    async ({ within, rules }) => {
      const { run } = (window as unknown as { axe: typeof axe }).axe;
      const options = rules ? { runOnly: { type: 'rule' as const, values: rules } } : {};
      const { violations, passes, incomplete } = await run(within ?? document, options);
      const found = violations.map(({ id, help, nodes }) => ({
        id,
        help,
        at: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })),
      }));
      return { found, asked: passes.length + incomplete.length };
    },
    { within, rules },
  );
  expect(asked, 'rules that axe could ask').toBeGreaterThan(0);
  expect(found).toEqual([]);
}

/** Fails where the page is wider than its window, or scrolls on to where nothing is. */
export async function expectNoStrayScroll(page: Page): Promise<void> {
  const { wide, long, window, filled } = await page.evaluate(() => ({
    wide: document.scrollingElement?.scrollWidth ?? 0,
    long: document.scrollingElement?.scrollHeight ?? 0,
    window: { width: innerWidth, height: innerHeight },
    filled: Math.ceil(document.body.getBoundingClientRect().bottom + scrollY),
  }));
  expect(wide, 'width of the page').toBeLessThanOrEqual(window.width);
  expect(long, 'length of the page').toBeLessThanOrEqual(Math.max(window.height, filled));
}
