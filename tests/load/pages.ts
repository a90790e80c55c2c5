import path from 'node:path';
import { chromium } from 'playwright-core';
import { importLines } from '../../shared/imports.ts';
import { createProject } from '../../shared/projects.ts';
import { provideChromium } from '../support/chromium.ts';
import { callAt, firstAdmin, signInAdmin, startServer } from '../support/server.ts';
import type { Row } from './figures.ts';

const allowedKb = 130;

/** How much compressed JavaScript the ranking and the writing page load at first, in a browser without a cache. */
export async function firstLoad(folder: string): Promise<Row> {
  const server = await startServer({ DATA_DIR: path.join(folder, 'pages-data') });
  const admin = await signInAdmin(server.url);
  const { project } = await callAt(server.url, createProject, { body: { name: 'First load' } }, admin);
  const params = { projectId: project.id };
  const prompt = 'What is this?';
  const comparison = JSON.stringify({ prompt, completions: ['one', 'two'].map((content) => ({ content })) });
  await callAt(server.url, importLines, { params, query: { format: 'comparisons' }, body: comparison }, admin);
  await callAt(
    server.url,
    importLines,
    { params, query: { format: 'prompts' }, body: JSON.stringify({ prompt }) },
    admin,
  );

  const browser = await chromium.launch({
    executablePath: await provideChromium(),
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const sizes: number[] = [];
  for (const page of ['rank', 'write']) {
    const context = await browser.newContext();
    await context.request.post(`${server.url}/api/session`, { data: firstAdmin });
    const tab = await context.newPage();
    const scripts: Promise<number>[] = [];
    tab.on('requestfinished', (request) => {
      if (request.resourceType() === 'script')
        scripts.push(request.sizes().then(({ responseBodySize }) => responseBodySize));
    });
    await tab.goto(`${server.url}/projects/${project.id}/${page}`);
    await tab.getByText(prompt).first().waitFor();
    await tab.waitForTimeout(1_000);
    sizes.push((await Promise.all(scripts)).reduce((sum, size) => sum + size, 0) / 1024);
    await context.close();
  }
  await browser.close();
  await server.end('SIGTERM');
  const [rank = 0, write = 0] = sizes;
  return {
    what: "first load of the trainer's pages, compressed JavaScript",
    measured: `${rank.toFixed(0)} KB ranking, ${write.toFixed(0)} KB writing`,
    target: `${allowedKb} KB`,
    reached: Math.max(rank, write) <= allowedKb,
  };
}
