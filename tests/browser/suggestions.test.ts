/** Suggestions while a dialogue is being written: asked for by a key, read beside the turn, taken whole or in part. */
import type { Browser, Locator, Page } from '@playwright/test';
import { createModel, type NewModel } from '../../shared/models.ts';
import type { Project } from '../../shared/projects.ts';
import { startRound } from '../../shared/rounds.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { begun, submitted } from './desk.ts';
import {
  allowStatus,
  callAt,
  expect,
  expectNoAxeViolations,
  expectNoStrayScroll,
  type Headers,
  phone,
  startWorld,
  test,
  type View,
  type World,
} from './world.ts';

let world: World;
let models: ModelServer;
test.beforeAll(async () => {
  models = await startModelServer();
  world = await startWorld();
});
test.afterAll(async () => {
  await world.stop();
  await models.close();
});

let made = 0;

/** Begins a round of the project with a model of the scripted server, by its scenario, or with the demo's. */
async function beginRound({ id }: Project, scenario: string): Promise<void> {
  made += 1;
  const settings: Pick<NewModel, 'provider'> & Partial<NewModel> =
    scenario === 'replay' ? { provider: 'replay' } : { provider: 'openai', baseUrl: models.url, model: scenario };
  const { model } = await callAt(world.url, createModel, { body: { name: `Model ${made}`, ...settings } }, world.admin);
  const body = {
    ...{ policyModelId: model.id, mix: [{ modelId: model.id, count: 4 }] },
    kinds: ['demonstration' as const],
  };
  await callAt(world.url, startRound, { params: { projectId: id }, body }, world.admin);
}

interface Desk {
  page: Page;
  headers: Headers;
}

/** A trainer before the answer to a question, in a project with such a model. */
async function desk(
  browser: Browser,
  scenario: string | null,
  settings: Parameters<World['project']>[0] = {},
  view: View = {},
): Promise<Desk> {
  const project = await world.project(settings);
  await world.import(project, 'prompts', [{ prompt: 'Why does the sea rise?' }]);
  if (scenario !== null) await beginRound(project, scenario);
  made += 1;
  const headers = await world.trainer(project.id, `suggested${made}`);
  const page = await world.open(browser, headers, view);
  await page.goto(`/projects/${project.id}/write`);
  await expect(editor(page)).toBeFocused();
  return { page, headers };
}

const turn = (page: Page, number: number): Locator => page.getByRole('article').nth(number - 1);
const editor = (page: Page): Locator => page.getByRole('article').getByRole('textbox');
const panel = (page: Page): Locator => page.getByRole('region', { name: 'Suggestions' });
const suggestion = (page: Page, number: number): Locator =>
  panel(page).getByRole('textbox', { name: `Suggestion ${number}`, exact: true });
const finished = (page: Page): Locator => panel(page).getByText('4 of 4 finished');
const submitButton = (page: Page): Locator => page.getByRole('button', { name: 'Submit' });

async function press(page: Page, keys: string): Promise<void> {
  for (const key of keys.split(' ')) await page.keyboard.press(key);
}

/** Asks for suggestions and waits until they are written. */
async function ask(page: Page): Promise<string[]> {
  await press(page, 'Control+Space');
  await expect(finished(page)).toBeVisible();
  return Promise.all([1, 2, 3, 4].map((number) => suggestion(page, number).inputValue()));
}

test('one key brings four, side by side; a digit takes one, and the browser takes it back', async ({ browser }) => {
  const { page, headers } = await desk(browser, 'steady');
  await expect(page.getByRole('button', { name: 'Suggest' }).locator('kbd')).toHaveText('Ctrl+Space');
  const texts = await ask(page);
  expect(new Set(texts).size).toBe(4);
  expect(models.last('steady')?.body.messages).toEqual([{ role: 'user', content: 'Why does the sea rise?' }]);
  const tops = await Promise.all([1, 4].map(async (number) => (await suggestion(page, number).boundingBox())?.y));
  expect(tops[0]).toBe(tops[1]);
  // One goes on writing meanwhile.
  await expect(editor(page)).toBeFocused();
  await page.keyboard.type('Well: 2. ');
  for (const number of [1, 2, 3, 4])
    await expect(
      panel(page)
        .getByRole('button', { name: `Insert suggestion ${number}` })
        .locator('kbd'),
    ).toHaveText(`Alt+${number}`);
  await press(page, 'Alt+Digit2');
  await expect(editor(page)).toHaveValue(`Well: 2. ${texts[1]}`);
  await expect(panel(page)).toHaveCount(0);
  await expect(editor(page)).toBeFocused();
  await expect(turn(page, 2).getByText(/^from a suggestion, edited \d+ %$/)).toBeVisible();

  await press(page, 'Control+z');
  await expect(editor(page)).toHaveValue('Well: 2. ');
  await expect(turn(page, 2).getByText('suggestion')).toHaveCount(0);
  await press(page, 'Control+Shift+z');
  await expect(editor(page)).toHaveValue(`Well: 2. ${texts[1]}`);
  await expect(turn(page, 2).getByText('from a suggestion')).toBeVisible();
  await editor(page).fill(texts[1] ?? '');
  await expect(turn(page, 2).getByText('suggestion', { exact: true })).toBeVisible();

  // It is in the draft, and in what is submitted, and comes back with it.
  const { task } = await begun(world, headers);
  expect(task).toBeDefined();
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  await page.reload();
  await expect(turn(page, 2).getByText('suggestion', { exact: true })).toBeVisible();
  await press(page, 'Control+Shift+Enter');
  const { draft } = await submitted(world, headers);
  expect(draft).toMatchObject({ suggestions: [{ index: 1, inserted: texts[1] }] });
});

test('the turn of the user is suggested too; parts are inserted, others asked for, and what goes is told', async ({
  browser,
}) => {
  const { page, headers } = await desk(browser, 'steady');
  await page.keyboard.insertText('Because of the moon.');
  await press(page, 'Control+Enter');
  const before = await ask(page);
  const asked = models.last('steady')?.body.messages ?? [];
  expect(JSON.stringify(asked)).toContain('Because of the moon.');

  // By keyboard: into the first suggestion, its first five letters, into the turn.
  await suggestion(page, 1).focus();
  await press(
    page,
    'Control+Home Shift+ArrowRight Shift+ArrowRight Shift+ArrowRight Shift+ArrowRight Shift+ArrowRight',
  );
  await press(page, 'Enter');
  await expect(editor(page)).toHaveValue(before[0]?.slice(0, 5) ?? '');
  await expect(editor(page)).toBeFocused();
  // The panel stays for more; with the mouse from another one.
  await page.keyboard.type(' ');
  await suggestion(page, 3).dblclick({ position: { x: 20, y: 14 } });
  // Its own button: that of the first one is there too, for what is selected in it.
  const third = suggestion(page, 3).locator('..');
  await third.getByRole('button', { name: 'Insert selected' }).click();
  await expect(editor(page)).toHaveValue(/^\S{5} \S+/);
  await expect(turn(page, 3).getByText('from a suggestion')).toBeVisible();

  // Others, by the key, and a whole one by its digit alone.
  await suggestion(page, 2).focus();
  await press(page, 'r');
  await expect(finished(page)).toBeVisible();
  const others = await Promise.all([1, 2, 3, 4].map((number) => suggestion(page, number).inputValue()));
  expect(others.filter((text) => before.includes(text))).toEqual([]);
  await suggestion(page, 1).focus();
  await press(page, '4');
  await expect(editor(page)).toHaveValue(new RegExp(`${others[3]?.slice(-20)}$`));
  await expect(panel(page)).toHaveCount(0);

  // The turn goes; what was taken in it is told as gone.
  await press(page, 'Escape Delete');
  await expect(page.getByRole('article')).toHaveCount(2);
  await submitButton(page).click();
  const { draft } = await submitted(world, headers);
  expect(draft).toMatchObject({ messages: [{}, { content: 'Because of the moon.' }] });
  const told = JSON.stringify(draft?.['suggestions']);
  expect([told.match(/"index":null/g)?.length, told.includes(others[3] ?? '?')]).toEqual([3, true]);
});

test('Esc stops what is being written, which stays and can be taken; then it closes', async ({ browser }) => {
  const { page } = await desk(browser, 'steady:long');
  const usual = { ...models.pace };
  Object.assign(models.pace, { words: 2_000, betweenMs: 20 });
  await press(page, 'Control+Space');
  for (const number of [1, 2, 3, 4]) await expect(suggestion(page, number)).not.toHaveValue('');
  const height = (await panel(page).boundingBox())?.height;
  await press(page, 'Escape');
  await expect(panel(page).getByText('Stopped', { exact: true })).toHaveCount(4);
  await expect.poll(() => models.open('steady:long')).toBe(0);
  // Nothing moved by what came in.
  expect((await panel(page).boundingBox())?.height).toBe(height);
  const text = await suggestion(page, 1).inputValue();
  await expect(editor(page)).toBeFocused();
  await press(page, 'Control+Space');
  await expect(suggestion(page, 1)).not.toHaveValue('');
  expect(await suggestion(page, 1).inputValue()).not.toBe(text);
  await press(page, 'Escape');
  await expect(panel(page).getByText('Stopped', { exact: true })).toHaveCount(4);
  await press(page, 'Escape');
  await expect(panel(page)).toHaveCount(0);
  await expect(editor(page)).toBeFocused();
  Object.assign(models.pace, usual);
});

test('a model that fails, or none at all, is said in words; writing goes on', async ({ browser }) => {
  const { page } = await desk(browser, 'wrong-key');
  await press(page, 'Control+Space');
  const alert = panel(page).getByRole('alert');
  await expect(alert).toContainText('Writing goes on without.');
  await expect(alert).not.toContainText('wrong-key');
  await page.keyboard.type('My own words.');
  await expect(editor(page)).toHaveValue('My own words.');
  await expectNoAxeViolations(page);
  await press(page, 'Escape');
  await expect(panel(page)).toHaveCount(0);

  const { page: other } = await desk(browser, null);
  allowStatus(other, 409, /\/suggestions/);
  await press(other, 'Control+Space');
  await expect(panel(other).getByRole('alert')).toContainText('No model is set up for this project');
  await panel(other).getByRole('button', { name: 'Close' }).click();
  await expect(panel(other)).toHaveCount(0);
  await expect(editor(other)).toBeFocused();
});

test('one that is cut off says so, and what it had written can be taken', async ({ browser }) => {
  const { page } = await desk(browser, 'cut');
  await press(page, 'Control+Space');
  await expect(finished(page)).toBeVisible();
  await expect(suggestion(page, 1)).not.toHaveValue('');
  const text = await suggestion(page, 1).inputValue();
  await panel(page).getByRole('button', { name: 'Insert suggestion 1' }).click();
  await expect(editor(page)).toHaveValue(text);
});

test('a suggestion of 32 kB is inserted, and taken back, whole', async ({ browser }) => {
  const { page } = await desk(browser, 'long', { limits: { maxCharacters: 40_000 } });
  const [text = ''] = await ask(page);
  expect(text.length).toBe(32 * 1024);
  const began = Date.now();
  await press(page, 'Alt+Digit1');
  await expect(editor(page)).toHaveValue(text);
  expect(Date.now() - began).toBeLessThan(5_000);
  await expect(turn(page, 2).getByText('suggestion', { exact: true })).toBeVisible();
  await press(page, 'Control+z');
  await expect(editor(page)).toHaveValue('');
});

test('a project that asks for own words says how many they are, and what is missing', async ({ browser }) => {
  const { page, headers } = await desk(browser, 'steady', { ownWords: 60 });
  const foot = page.locator('footer');
  await expect(foot).toContainText('100 % your own words, at least 60 % needed');
  await ask(page);
  await press(page, 'Alt+Digit1');
  await expect(submitButton(page)).toBeDisabled();
  await expect(submitButton(page)).toHaveAccessibleDescription('0 % your own words, at least 60 % needed');
  await press(page, 'Control+Shift+Enter');
  await expect(editor(page)).toBeVisible();
  await page.keyboard.insertText(` ${'And this is what I have to say about it myself. '.repeat(6)}`);
  await expect(submitButton(page)).toBeEnabled();
  await expect(foot).toContainText(/[67]\d % your own words, at least 60 % needed/);
  await press(page, 'Control+Shift+Enter');
  expect((await submitted(world, headers)).state).toBe('submitted');
});

test('recorded texts are said to be such', async ({ browser }) => {
  const { page } = await desk(browser, 'replay');
  await press(page, 'Control+Space');
  await expect(panel(page).getByText('Demo: recorded texts')).toBeVisible();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`it can be read and pressed, wide and on a phone, ${colorScheme}`, async ({ browser }) => {
    const wide = await desk(browser, 'steady', { ownWords: 30 }, { colorScheme });
    await ask(wide.page);
    await expectNoAxeViolations(wide.page);
    await expectNoStrayScroll(wide.page);
    const narrow = await desk(browser, 'steady', { ownWords: 30 }, { colorScheme, viewport: phone });
    await narrow.page.getByRole('button', { name: 'Suggest' }).tap();
    await expect(finished(narrow.page)).toBeVisible();
    const [first, second] = [
      await suggestion(narrow.page, 1).boundingBox(),
      await suggestion(narrow.page, 2).boundingBox(),
    ];
    expect(second?.y ?? 0).toBeGreaterThan((first?.y ?? 0) + (first?.height ?? 0));
    await expectNoAxeViolations(narrow.page);
    await expectNoStrayScroll(narrow.page);
    const text = await suggestion(narrow.page, 2).inputValue();
    await panel(narrow.page).getByRole('button', { name: 'Insert suggestion 2' }).tap();
    await expect(editor(narrow.page)).toHaveValue(text);
  });
}
