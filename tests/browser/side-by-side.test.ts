/** One prompt to several models at once: for an admin who names them, and for a trainer who must not know them. */
import type { Browser, Page } from '@playwright/test';
import { createModel, type Model } from '../../shared/models.ts';
import type { Project } from '../../shared/projects.ts';
import { startRound } from '../../shared/rounds.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import {
  allowStatus,
  callAt,
  expect,
  expectNoAxeViolations,
  expectNoStrayScroll,
  phone,
  startWorld,
  test,
  type World,
} from './world.ts';

let world: World;
let server: ModelServer;
test.beforeAll(async () => {
  [world, server] = await Promise.all([startWorld(), startModelServer({ betweenMs: 20, words: 60 })]);
});
test.afterAll(() => Promise.all([world.stop(), server.close()]));

let made = 0;
async function register(scenario: string): Promise<Model> {
  made += 1;
  const body = { provider: 'openai', baseUrl: server.url, model: `${scenario}:side${made}` } as const;
  return (await callAt(world.url, createModel, { body: { ...body, name: `${scenario} ${made}` } }, world.admin)).model;
}

const prompt = (page: Page) => page.getByRole('textbox', { name: 'Prompt' });
const answers = (page: Page) => page.getByRole('article');
const keep = (page: Page) => page.getByRole('button', { name: 'Keep as a comparison' });

/** An admin's page with a question sent to models that act out the scenarios. */
async function asked(browser: Browser, ...scenarios: string[]): Promise<{ page: Page; project: Project }> {
  const models = await Promise.all(scenarios.map(register));
  const project = await world.project();
  const page = await world.open(browser, world.admin);
  await page.goto(`/projects/${project.id}/side-by-side`);
  await expect(page.getByText('Choose two models or more')).toBeVisible();
  await prompt(page).fill('Why is the sky blue?');
  for (const { name } of models) await page.getByLabel(name, { exact: true }).check();
  await page.keyboard.press('Control+Enter');
  await expect(answers(page)).toHaveCount(scenarios.length);
  return { page, project };
}

test('answers stream beside each other, outlive a reload, and are kept for others to rank', async ({ browser }) => {
  const { page, project } = await asked(browser, 'steady', 'steady');
  await expect(page.getByText('0 of 2 finished')).toBeVisible();
  await expect(answers(page).first()).toContainText(/Writing… · \d+ characters/);
  await page.reload();
  await expect(prompt(page)).toHaveValue('Why is the sky blue?');
  await expect(page.getByText('2 answers', { exact: true })).toBeVisible();
  const texts = await answers(page).locator('.text').allInnerTexts();
  expect(texts.map((text) => text.split(/\s+/).length)).toEqual([60, 60]);
  const [left, right] = await Promise.all([answers(page).first().boundingBox(), answers(page).last().boundingBox()]);
  expect(left?.y).toBe(right?.y);
  await expectNoAxeViolations(page);

  await page.keyboard.press('k');
  await expect(page.getByText('Kept.')).toBeVisible();
  await expect(keep(page)).toBeHidden();
  await page.reload();
  await expect(page.getByText('Kept.')).toBeVisible();

  const ranker = await world.open(browser, await world.trainer(project.id, 'ranker'));
  await ranker.goto(`/projects/${project.id}/rank`);
  await expect(ranker.getByRole('heading', { name: 'Rank 2 answers' })).toBeVisible();
  await expect(ranker.getByText('Why is the sky blue?')).toBeVisible();
});

test('stopped and failed answers say so, and all can be asked again', async ({ browser }) => {
  const { page } = await asked(browser, 'stall', 'wrong-key');
  await expect(answers(page).filter({ hasText: 'wrong-key' })).toContainText('Failed');
  await expect(answers(page).filter({ hasText: 'stall' })).toContainText('Writing…');
  await expect(page.getByRole('button', { name: 'Send' })).toBeDisabled();
  await page.keyboard.press('Escape');
  await expect(answers(page).filter({ hasText: 'stall' })).toContainText('Stopped');
  await expect(page.getByText('Two whole answers are needed to compare them')).toBeVisible();
  await expect(keep(page)).toBeDisabled();
  await expectNoAxeViolations(page);
  await page.keyboard.press('a');
  await expect(answers(page).filter({ hasText: 'stall' })).toContainText('Writing…');
  await page.keyboard.press('Escape');
  await expect(answers(page).filter({ hasText: 'stall' })).toContainText('Stopped');
  await expect(prompt(page)).toHaveValue('Why is the sky blue?');
});

test('an answer is gone on from; several turns and a system message are sent', async ({ browser }) => {
  const { page } = await asked(browser, 'instant', 'steady');
  await page.getByRole('button', { name: /^Go on from this: instant/ }).click();
  await expect(page.getByRole('textbox', { name: 'User' })).toHaveCount(2);
  await expect(page.getByRole('textbox', { name: 'User' }).last()).toBeFocused();
  await page.getByRole('textbox', { name: 'User' }).last().fill('And at night?');
  await page.getByRole('button', { name: 'Add a system message' }).click();
  await page.getByRole('textbox', { name: 'System message' }).fill('Be brief.');
  await expect(page.getByText('2 answers', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Send' }).click();
  const sent = (): string[] => server.last(`steady:side${made}`)?.body.messages.map(({ role }) => role) ?? [];
  await expect.poll(sent).toEqual(['system', 'user', 'assistant', 'user']);
  await expect(page.getByText('2 answers', { exact: true })).toBeVisible();
});

test('a trainer is answered by the models of the round, and is never sent their names', async ({ browser }) => {
  const models = await Promise.all(['steady', 'instant'].map(register));
  const [first, second] = models;
  if (!first || !second) throw new Error('two were registered');
  const project = await world.project();
  const headers = await world.trainer(project.id, 'curious');
  const page = await world.open(browser, headers, { viewport: phone });
  const received: string[] = [];
  page.on('response', (response) => {
    if (!response.url().includes('/api/')) return;
    void response.text().then(
      (text) => received.push(text),
      () => undefined,
    );
  });
  page.on('websocket', (socket) => socket.on('framereceived', ({ payload }) => received.push(payload.toString())));

  await page.goto(`/projects/${project.id}/side-by-side`);
  await expect(page.getByText('No model can be asked yet.')).toBeVisible();
  const mix = [{ modelId: second.id, count: 1 }];
  const body = { policyModelId: first.id, mix, kinds: ['comparison' as const] };
  await callAt(world.url, startRound, { params: { projectId: project.id }, body }, world.admin);
  await page.goto(`/projects/${project.id}`);
  await page.getByRole('link', { name: 'Side by side' }).click();
  await prompt(page).fill('Who are you?');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('article', { name: 'Answer A' })).toBeVisible();
  await expect(page.getByText('2 answers', { exact: true })).toBeVisible();
  await expectNoStrayScroll(page);
  await expectNoAxeViolations(page);
  await keep(page).click();
  await expect(page.getByText('Kept.')).toBeVisible();
  const all = received.join('\n');
  expect(all).toContain('"type":"piece"');
  expect(models.filter(({ name, model }) => all.includes(name) || all.includes(model))).toEqual([]);
});

test('what is refused is said beside what was written, which stays', async ({ browser }) => {
  const models = await Promise.all(['instant', 'steady'].map(register));
  const project = await world.project({ limits: { maxCharacters: 20 } });
  const page = await world.open(browser, world.admin);
  allowStatus(page, 422, /side-by-side/);
  await page.goto(`/projects/${project.id}/side-by-side`);
  for (const { name } of models) await page.getByLabel(name, { exact: true }).check();
  await prompt(page).fill('This is longer than twenty characters.');
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByText('must have at most 20 characters')).toBeVisible();
  await expect(prompt(page)).toHaveValue('This is longer than twenty characters.');
  await page.reload();
  await expect(prompt(page)).toHaveValue('This is longer than twenty characters.');
});
