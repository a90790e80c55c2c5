/** Sampling as an admin steers it: a pool, its progress, what failed and why, trying again, cancelling. */
import type { Page } from '@playwright/test';
import { changeModel, createModel, type Model } from '../../shared/models.ts';
import { readProgress, type Project } from '../../shared/projects.ts';
import { type ModelServer, rightKey, startModelServer } from '../support/model-server.ts';
import { allowStatus, callAt, expect, expectNoAxeViolations, startWorld, test, type World } from './world.ts';

let world: World;
let server: ModelServer;
test.beforeAll(async () => {
  [world, server] = await Promise.all([startWorld(), startModelServer()]);
});
test.afterAll(() => Promise.all([world.stop(), server.close()]));

async function register(name: string, scenario: string, concurrency = 8): Promise<Model> {
  const body = { name, provider: 'openai', baseUrl: server.url, model: `${scenario}:${name}`, concurrency } as const;
  return (await callAt(world.url, createModel, { body }, world.admin)).model;
}

async function pool(prompts: number): Promise<Project> {
  const project = await world.project();
  const lines = Array.from({ length: prompts }, (_, index) => ({
    prompt: `A question, the ${index + 1}th of its kind`,
  }));
  await world.import(project, 'prompts', lines);
  return project;
}

const dialog = (page: Page) => page.getByRole('dialog', { name: 'Sample a pool' });
const start = (page: Page) => dialog(page).getByRole('button', { name: 'Start sampling' });
const sum = (page: Page, name: string) => page.locator('dl div').filter({ hasText: name }).getByRole('definition');

test('a pool is sampled; what failed says why and is tried again', async ({ browser }) => {
  const keyed = await register('Keyed', 'keyed');
  const steady = await register('Steady', 'steady');
  const project = await pool(3);
  const page = await world.open(browser, world.admin);
  await page.goto(`/projects/${project.id}/sampling`);
  await expect(page.getByText('Nothing was sampled yet.')).toBeVisible();

  await page.keyboard.press('n');
  await dialog(page).getByLabel('Completions of each').fill('3');
  await dialog(page).getByRole('combobox', { name: 'Model' }).selectOption('Keyed');
  await dialog(page).getByRole('button', { name: 'Add a model' }).click();
  await dialog(page).getByRole('combobox', { name: 'Model' }).nth(1).selectOption('Steady');
  await expect(dialog(page).getByLabel('Completions', { exact: true })).toHaveCount(2);
  await dialog(page).getByLabel('Completions', { exact: true }).first().fill('2');
  await expectNoAxeViolations(page, { within: 'dialog[open]' });
  await start(page).click();

  // The page is never loaded again: it asks by itself.
  await expect(sum(page, 'Failed')).toHaveText('3');
  await expect(page.getByText('0 of 3 · 0% · 3 failed')).toBeVisible();
  const rows = page.getByRole('listitem').filter({ hasText: 'from a pool' });
  await expect(rows).toHaveCount(3);
  await expect(rows.first()).toContainText(/Keyed: .*key/i);
  await expectNoAxeViolations(page);

  await callAt(world.url, changeModel, { params: { modelId: keyed.id }, body: { apiKey: rightKey } }, world.admin);
  await rows
    .first()
    .getByRole('button', { name: /^Retry/ })
    .click();
  await expect(sum(page, 'Done')).toHaveText('1');
  await page.keyboard.press('t');
  await expect(page.getByText('2 samplings will be tried again.')).toBeVisible();
  await expect(page.getByText('3 of 3 · 100%')).toBeVisible();
  await expect(page.getByRole('button', { name: /^Retry/ })).toHaveCount(0);
  await expect(rows.first()).toContainText('3 of 3 completions');

  await page.getByRole('group', { name: 'State' }).getByText('Failed').click();
  await expect(page.getByText('There is none in this state.')).toBeVisible();
  await page.getByRole('group', { name: 'State' }).getByText('Done').click();
  await expect(rows).toHaveCount(3);
  const { progress } = await callAt(world.url, readProgress, { params: { projectId: project.id } }, world.admin);
  expect(progress.find(({ kind }) => kind === 'comparison')?.tasks).toBe(3);

  // What the server has to say stands in the form, which stays as it was.
  allowStatus(page, 409, /\/samplings/);
  await page.keyboard.press('n');
  await start(page).click();
  await expect(dialog(page).getByRole('alert')).toContainText('already for each imported prompt');
  await expect(dialog(page).getByLabel('Completions of each')).toHaveValue('3');
  expect(server.requests(steady.model)).toBeGreaterThanOrEqual(3);
});

test('nothing is asked while nothing moves', async ({ browser }) => {
  await register('Idle', 'instant');
  const project = await pool(1);
  const page = await world.open(browser, world.admin);
  let asked = 0;
  page.on('request', (request) => {
    if (request.method() === 'GET' && request.url().includes('/samplings')) asked += 1;
  });
  await page.goto(`/projects/${project.id}/sampling`);
  await expect(page.getByText('Nothing was sampled yet.')).toBeVisible();
  await page.keyboard.press('n');
  await dialog(page).getByRole('combobox', { name: 'Model' }).selectOption('Idle');
  await dialog(page).getByLabel('Completions of each').fill('2');
  await dialog(page).getByLabel('Completions', { exact: true }).fill('2');
  await start(page).click();
  await expect(page.getByText('1 of 1 · 100%')).toBeVisible();
  const then = asked;
  // More than a poll apart, which is 2 s.
  await page.waitForTimeout(3_000);
  expect(asked).toBe(then);
});

test('a pool is cancelled after a question; what is there stays', async ({ browser }) => {
  await register('Slow', 'slow-first-token', 1);
  const project = await pool(12);
  const page = await world.open(browser, world.admin);
  await page.goto(`/projects/${project.id}/sampling`);
  await expect(page.getByText('Nothing was sampled yet.')).toBeVisible();
  await page.keyboard.press('n');
  await dialog(page).getByRole('combobox', { name: 'Model' }).selectOption('Slow');
  await dialog(page).getByLabel('At most').fill('10');
  await start(page).click();
  await expect(page.getByText(/ of 10 · /)).toBeVisible();
  await page.getByRole('button', { name: /^Cancel: Prompts/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sample no more' }).click();
  await expect(page.getByText(/ of 10 · cancelled/)).toBeVisible();
  await expect(page.getByRole('button', { name: /^Cancel: Prompts/ })).toHaveCount(0);
});
