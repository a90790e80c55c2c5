import path from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { openChats } from '../../shared/chats.ts';
import { importLines } from '../../shared/imports.ts';
import { createModel } from '../../shared/models.ts';
import { createProject } from '../../shared/projects.ts';
import { startRound } from '../../shared/rounds.ts';
import { provideChromium } from '../support/chromium.ts';
import { callAt, firstAdmin, type ServerProcess, signInAdmin, startServer } from '../support/server.ts';
import { median, quantile, type Row } from './figures.ts';

const allowedKb = 130;
const allowedMs = 50;
/** Tasks that are ranked while the time to the next is taken. */
const rounds = 20;
const prompt = 'What is this?';

/** The trainer's pages in a real browser: what they load at first, and how soon the next task is there. */
export async function measurePages(folder: string): Promise<Row[]> {
  const server = await startServer({ DATA_DIR: path.join(folder, 'pages-data') });
  const projectId = await prepare(server);
  const browser = await chromium.launch({
    executablePath: await provideChromium(),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  try {
    return [await firstLoad(browser, server.url, projectId), await nextTask(browser, server.url, projectId)];
  } finally {
    await browser.close();
    await server.end('SIGTERM');
  }
}

/** A project with a prompt, and comparisons of answers with headings, lists, formulas and code. */
async function prepare(server: ServerProcess): Promise<string> {
  const admin = await signInAdmin(server.url);
  const { project } = await callAt(server.url, createProject, { body: { name: 'Pages' } }, admin);
  const params = { projectId: project.id };
  const answer = (name: string): string =>
    [1, 2, 3, 4]
      .map(
        (part) =>
          `### ${name}.${part}\n\n${'Some words of it. '.repeat(15)}\n\n- one\n- $x_${part}$\n\n\`\`\`js\nlet a;\n\`\`\``,
      )
      .join('\n\n');
  const lines = Array.from({ length: rounds + 4 }, (_, n) => {
    const completions = ['a', 'b', 'c', 'd'].map((name) => ({ content: answer(`${name}${n}`) }));
    return JSON.stringify({ prompt: `${prompt} (${n})`, completions });
  });
  await callAt(server.url, importLines, { params, query: { format: 'comparisons' }, body: lines.join('\n') }, admin);
  await callAt(
    server.url,
    importLines,
    { params, query: { format: 'prompts' }, body: JSON.stringify({ prompt }) },
    admin,
  );
  const { model } = await callAt(server.url, createModel, { body: { name: 'Replay', provider: 'replay' } }, admin);
  const mix = [{ modelId: model.id, count: 3 }];
  const kinds = ['comparison' as const, 'demonstration' as const, 'chat' as const];
  await callAt(server.url, startRound, { params, body: { policyModelId: model.id, mix, kinds } }, admin);
  await callAt(server.url, openChats, { params, body: { opening: 'prompts' } }, admin);
  return project.id;
}

async function signedIn(browser: Browser, url: string): Promise<BrowserContext> {
  const context = await browser.newContext();
  await context.request.post(`${url}/api/session`, { data: firstAdmin });
  return context;
}

async function open(context: BrowserContext, address: string): Promise<Page> {
  const page = await context.newPage();
  await page.goto(address);
  await page.getByText(prompt).first().waitFor();
  return page;
}

/** Compressed JavaScript that the ranking, the writing and the chat page load, in a browser without a cache. */
async function firstLoad(browser: Browser, url: string, projectId: string): Promise<Row> {
  const sizes: number[] = [];
  for (const page of ['rank', 'write', 'chat']) {
    const context = await signedIn(browser, url);
    const scripts: Promise<number>[] = [];
    context.on('requestfinished', (request) => {
      // The formulas' and the highlighter's code is fetched where a text has some; here, the comparisons do.
      if (request.resourceType() === 'script' && !/katex|shiki|highlight|math|javascript/i.test(request.url()))
        scripts.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
    });
    const tab = await open(context, `${url}/projects/${projectId}/${page}`);
    await tab.waitForLoadState('networkidle');
    sizes.push((await Promise.all(scripts)).reduce((sum, size) => sum + size, 0) / 1024);
    await context.close();
  }
  const [rank = 0, write = 0, chat = 0] = sizes;
  return {
    what: "first load of the trainer's pages, compressed JavaScript",
    measured: `${rank.toFixed(0)} KB ranking, ${write.toFixed(0)} KB writing, ${chat.toFixed(0)} KB chat`,
    target: `${allowedKb} KB`,
    reached: Math.max(rank, write, chat) <= allowedKb,
  };
}

/** From the Enter that submits to the frame in which the next task's answers are there. */
async function nextTask(browser: Browser, url: string, projectId: string): Promise<Row> {
  const context = await signedIn(browser, url);
  const page = await open(context, `${url}/projects/${projectId}/rank`);
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    // The task after this one is fetched, and the page has nothing else to do.
    await page.waitForLoadState('networkidle');
    for (const digit of ['1', '2', '3', '4']) await page.keyboard.press(digit);
    await page.getByText('Saved', { exact: true }).waitFor();
    const watch = await page.evaluateHandle(() => {
      const shown = (): Element | null => document.querySelector('#answer-D .part');
      const old = shown();
      const seen = new Promise<number>((resolve) => {
        const begin = ({ timeStamp }: Event): void => {
          const look = new MutationObserver(() => {
            if (shown() === null || shown() === old) return;
            look.disconnect();
            requestAnimationFrame(() => resolve(performance.now() - timeStamp));
          });
          look.observe(document.body, { childList: true, subtree: true });
        };
        addEventListener('keydown', begin, { once: true, capture: true });
      });
      return { seen };
    });
    await page.keyboard.press('Enter');
    times.push(await watch.evaluate(({ seen }) => seen));
  }
  await context.close();
  return {
    what: 'from submitting to the next task on screen',
    measured: `median ${median(times).toFixed(0)} ms, worst of ${rounds} ${quantile(times, 1).toFixed(0)} ms`,
    target: `${allowedMs} ms`,
    reached: median(times) <= allowedMs,
  };
}
