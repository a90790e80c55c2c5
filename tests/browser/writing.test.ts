/** Writing a dialogue, as a trainer meets it: both sides in turn, any turn changed at any time, by keyboard alone. */
import type { Browser, Locator, Page } from '@playwright/test';
import type { Message } from '../../shared/conversations.ts';
import type { Project } from '../../shared/projects.ts';
import { assignmentOf, submitted, workOf } from './desk.ts';
import { expect, expectNoAxeViolations, type Headers, startWorld, test, type World } from './world.ts';

let world: World;
test.beforeAll(async () => {
  world = await startWorld();
});
test.afterAll(() => world.stop());

let trainers = 0;
interface Desk {
  page: Page;
  project: Project;
  headers: Headers;
}

/** A project with these prompts, and a trainer of it before the first of them. */
async function desk(
  browser: Browser,
  prompts: (string | Message[])[] = ['Why does the sea rise?', 'And the second?'],
  settings: Parameters<World['project']>[0] = {},
): Promise<Desk> {
  const project = await world.project(settings);
  const lines = prompts.map((prompt) => (typeof prompt === 'string' ? { prompt } : { messages: prompt }));
  await world.import(project, 'prompts', lines);
  trainers += 1;
  const headers = await world.trainer(project.id, `writer${trainers}`);
  const page = await world.open(browser, headers);
  await page.goto(`/projects/${project.id}/write`);
  await expect(turns(page).first()).toBeVisible();
  return { page, project, headers };
}

const turns = (page: Page): Locator => page.getByRole('article');
const turn = (page: Page, number: number, side: string): Locator =>
  page.getByRole('article', { name: `Turn ${number}, ${side}`, exact: true });
const editor = (page: Page): Locator => page.getByRole('article').getByRole('textbox');
const submitButton = (page: Page): Locator => page.getByRole('button', { name: 'Submit' });
const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });

async function press(page: Page, keys: string): Promise<void> {
  for (const key of keys.split(' ')) await page.keyboard.press(key);
}

/** What the column says: the side and the text of each turn that has one. */
async function expectDialogue(page: Page, ...told: [side: string, text: string][]): Promise<void> {
  await expect(turns(page)).toHaveCount(told.length);
  for (const [index, [side, text]] of told.entries()) {
    const one = turn(page, index + 1, side);
    await expect(one).toBeVisible();
    if (text === '') await expect(one.locator('.text')).toHaveCount(0);
    else await expect(one.locator('.text')).toHaveText(text);
  }
}

test('by keyboard alone: both sides in turn, and the server holds what was typed, in any script', async ({
  browser,
}) => {
  const { page, headers } = await desk(browser, ['Why does the sea rise?']);
  const written = [
    'Because of the **moon** \u{1F319}, and\n\n- the sun\n- the wind\n\n`code`  with two  spaces',
    'ولماذا يرتفع البحر مرتين في اليوم؟',
    'כי כדור הארץ מסתובב. \u{1F468}\u{200D}\u{1F469}\u{200D}\u{1F467} é ﬁ 一二三',
  ];
  await expect(editor(page)).toBeFocused();
  await expect(editor(page)).toHaveAccessibleName('Assistant: text');
  await page.keyboard.insertText(written[0] ?? '');
  await press(page, 'Control+Enter');
  await expect(editor(page)).toHaveAccessibleName('User: text');
  await page.keyboard.insertText(written[1] ?? '');
  await expect(editor(page)).toHaveCSS('direction', 'rtl');
  await press(page, 'Control+Enter');
  await expect(editor(page)).toHaveAccessibleName('Assistant: text');
  await page.keyboard.insertText(written[2] ?? '');
  await press(page, 'Control+Shift+Enter');

  await expect(page.getByText('Submitted.')).toBeVisible();
  const { state, draft } = await submitted(world, headers);
  expect(state).toBe('submitted');
  expect(draft).toEqual({
    messages: [
      { role: 'user', content: 'Why does the sea rise?' },
      { role: 'assistant', content: written[0] },
      { role: 'user', content: written[1] },
      { role: 'assistant', content: written[2] },
    ],
  });
});

test('any turn is edited, inserted and deleted, and every step is undone and redone', async ({ browser }) => {
  const { page, headers } = await desk(browser);
  const question: [string, string] = ['User', await turn(page, 1, 'User').locator('.text').innerText()];
  await expect(button(page, 'Undo Ctrl+Z').or(button(page, 'Undo'))).toBeDisabled();
  await page.keyboard.insertText('First answer.');
  await press(page, 'Control+Enter');
  await page.keyboard.insertText('Second question?');
  await press(page, 'Control+Enter');
  await page.keyboard.insertText('Second answer.');
  await press(page, 'Escape');
  const first: [string, string] = ['Assistant', 'First answer.'];
  const rest: [string, string][] = [
    ['User', 'Second question?'],
    ['Assistant', 'Second answer.'],
  ];
  await expectDialogue(page, question, first, ...rest);

  // Edited in place, by keyboard and by pressing on it.
  await press(page, 'ArrowUp ArrowUp Enter End');
  await page.keyboard.insertText(' Changed.');
  await press(page, 'Escape');
  const changed: [string, string] = ['Assistant', 'First answer. Changed.'];
  await expectDialogue(page, question, changed, ...rest);
  await turn(page, 1, 'User').locator('.text').click();
  await expect(editor(page)).toHaveAccessibleName('User: text');
  await page.keyboard.insertText(' Tell me.');
  await press(page, 'Escape');
  const asked: [string, string] = ['User', `${question[1]} Tell me.`];
  await expectDialogue(page, asked, changed, ...rest);
  await expect(turn(page, 1, 'User').getByText('edited')).toBeVisible();

  // In the middle a pair comes and goes, so that the sides stay in turn.
  await press(page, 'ArrowDown o');
  await expect(editor(page)).toHaveAccessibleName('User: text');
  await page.keyboard.insertText('In between?');
  await press(page, 'Control+Enter');
  await page.keyboard.insertText('In between.');
  await press(page, 'Escape');
  const between: [string, string][] = [
    ['User', 'In between?'],
    ['Assistant', 'In between.'],
  ];
  await expectDialogue(page, asked, changed, ...between, ...rest);
  await press(page, 'ArrowUp Delete');
  await expectDialogue(page, asked, changed, ...rest);
  await expect(page.getByText('Turn and the one after it deleted.')).toBeAttached();
  await press(page, 'ArrowDown ArrowDown Delete');
  await expectDialogue(page, asked, changed, ['User', 'Second question?']);

  // All the way back and forth.
  await press(page, 'Control+z');
  await expectDialogue(page, asked, changed, ...rest);
  await press(page, 'Control+z');
  await expectDialogue(page, asked, changed, ...between, ...rest);
  await press(page, 'Control+z');
  await expectDialogue(page, asked, changed, ['User', 'In between?'], ['Assistant', ''], ...rest);
  await press(page, 'Control+z Control+z');
  await expectDialogue(page, asked, changed, ...rest);
  await press(page, 'Control+z Control+z');
  await expectDialogue(page, question, first, ...rest);
  await press(page, 'Control+Shift+z Control+Shift+z Control+y');
  await expectDialogue(page, asked, changed, ['User', ''], ['Assistant', ''], ...rest);
  await button(page, 'Undo').click();
  await expectDialogue(page, asked, changed, ...rest);
  await button(page, 'Redo').click();
  await button(page, 'Undo').click();
  await turn(page, 1, 'User').getByRole('button', { name: 'Restore' }).click();
  await expectDialogue(page, question, changed, ...rest);

  await submitButton(page).click();
  const { draft } = await submitted(world, headers);
  expect(draft).toEqual({
    messages: [question, changed, ...rest].map(([side, content]) => ({ role: side.toLowerCase(), content })),
  });
});

test('a system message is added, and stands first', async ({ browser }) => {
  const { page, headers } = await desk(browser, ['Why?']);
  await page.keyboard.insertText('Because.');
  await button(page, 'Add a system message').click();
  await expect(editor(page)).toHaveAccessibleName('System message: text');
  await page.keyboard.insertText('Be brief.');
  await press(page, 'Escape');
  await expectDialogue(page, ['System message', 'Be brief.'], ['User', 'Why?'], ['Assistant', 'Because.']);
  await expect(button(page, 'Add a system message')).toHaveCount(0);
  await submitButton(page).click();
  expect((await submitted(world, headers)).draft).toEqual({
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content: 'Because.' },
    ],
  });
});

test('the preview shows the dialogue as it will be read', async ({ browser }) => {
  const { page } = await desk(browser, ['Why **bold**?']);
  await page.keyboard.insertText('Because $x^2$ and `code`.');
  await press(page, 'Control+Enter Escape p');
  // The blank turn is no part of it, and nothing can be changed.
  await expectDialogue(page, ['User', 'Why bold?'], ['Assistant', /* the formula's own text */ 'Because x2 and code.']);
  await expect(turn(page, 2, 'Assistant').locator('math')).toBeVisible();
  await expect(turns(page).getByRole('button')).toHaveCount(0);
  await turn(page, 2, 'Assistant').locator('.text').click();
  await expect(page.getByRole('textbox')).toHaveCount(0);
  await expectNoAxeViolations(page);
  await press(page, 'Escape');
  await expect(turns(page)).toHaveCount(3);
});

test('it counts against the limits, and says in words why it cannot be submitted', async ({ browser }) => {
  const { page, headers } = await desk(browser, ['Why?'], { limits: { maxTurns: 4, maxCharacters: 20 } });
  const reason = async (words: string): Promise<void> => {
    await expect(submitButton(page)).toBeDisabled();
    await expect(submitButton(page)).toHaveAccessibleDescription(words);
  };
  await expect(page.getByText('1 of 4 turns')).toBeVisible();
  await reason('The assistant has the last word');
  await press(page, 'Control+Shift+Enter');
  await page.keyboard.insertText('12345678901234567890');
  await expect(page.getByText('20 of 20 characters')).toBeVisible();
  await expect(submitButton(page)).toBeEnabled();
  await page.keyboard.insertText('1');
  await expect(page.getByText('21 of 20 characters')).toBeVisible();
  await expect(editor(page)).toHaveAttribute('aria-invalid', 'true');
  await reason('Turn 2 is too long');
  await press(page, 'Backspace Control+Enter');
  await page.keyboard.insertText('And?');
  await expect(page.getByText('3 of 4 turns')).toBeVisible();
  await reason('The assistant has the last word');
  await press(page, 'Control+Enter');
  await page.keyboard.insertText('So.');
  await expect(page.getByText('4 of 4 turns')).toBeVisible();
  await press(page, 'Escape');
  // No room for more.
  await press(page, 'o');
  await expect(turns(page)).toHaveCount(4);
  await expect(button(page, 'Next: User')).toHaveCount(0);
  await expect(button(page, 'Add a system message')).toBeDisabled();
  await expect(turn(page, 4, 'Assistant').getByRole('button', { name: 'Insert before' })).toBeDisabled();
  // An empty turn in the middle is named.
  await turn(page, 3, 'User').getByRole('button', { name: 'Edit' }).click();
  await editor(page).fill('');
  await reason('Turn 3 is empty');
  await press(page, 'Escape Control+z');
  await expect(submitButton(page)).toBeEnabled();
  expect((await workOf(world, headers)).items).toEqual([]);
  await press(page, 'Control+Shift+Enter');
  const { draft } = await submitted(world, headers);
  expect(draft).toMatchObject({ messages: [{}, {}, { content: 'And?' }, { content: 'So.' }] });
});

test('a submission that is taken back brings its comment along', async ({ browser }) => {
  const { page, headers } = await desk(browser, ['Why?', 'Why not?']);
  const asked = await turn(page, 1, 'User').innerText();
  await page.keyboard.insertText('Because.');
  await press(page, 'Escape c');
  await expect(page.getByRole('textbox', { name: 'Comment' })).toBeFocused();
  await page.keyboard.insertText('The question is odd.');
  await press(page, 'Control+Shift+Enter');
  await expect(page.getByText('1 done today')).toBeVisible();
  const { id, draft } = await submitted(world, headers);
  expect(draft).toMatchObject({ comment: 'The question is odd.' });
  await expect(page.getByRole('textbox', { name: 'Comment' })).toHaveCount(0);

  await page.getByRole('status').getByRole('button', { name: 'Undo' }).click();
  await expect(turn(page, 1, 'User')).toHaveText(asked);
  await expect(turn(page, 2, 'Assistant').locator('.text')).toHaveText('Because.');
  await expect(page.getByRole('textbox', { name: 'Comment' })).toHaveValue('The question is odd.');
  await expect(turn(page, 1, 'User').getByText('given')).toBeVisible();

  // And again on a device that knows of it only from the server.
  await page.getByRole('textbox', { name: 'Comment' }).fill('It is fine.');
  await press(page, 'Control+Shift+Enter');
  await expect(page.getByText('1 done today')).toBeVisible();
  await submitted(world, headers);
  const other = await world.open(browser, headers);
  await other.goto(`${new URL(page.url()).pathname}/${id}`);
  await other.getByRole('button', { name: 'Take it back' }).click();
  await expect(other.getByRole('textbox', { name: 'Comment' })).toHaveValue('It is fine.');
  await expect(turn(other, 2, 'Assistant').locator('.text')).toHaveText('Because.');
  expect(await assignmentOf(world, headers, id)).toMatchObject({ state: 'active' });
});

test('every action shows its key, and the keys do what they say', async ({ browser }) => {
  const { page } = await desk(browser);
  const keys = {
    ...{ Undo: 'Ctrl+Z', Redo: 'Ctrl+⇧Z', Preview: 'p', Comment: 'c', Skip: 's' },
    ...{ Submit: 'Ctrl+⇧Enter', Guidelines: 'g', Help: '?' },
  };
  for (const [name, key] of Object.entries(keys)) {
    await expect(page.getByRole('button', { name }).locator('kbd'), name).toHaveText(key);
  }
  await page.keyboard.type('s is a letter here');
  await expect(editor(page)).toHaveValue('s is a letter here');
  await press(page, 'Escape g');
  await expect(page.getByRole('complementary', { name: 'Guidelines' })).toBeVisible();
  await press(page, 's');
  await expect(page.getByRole('dialog', { name: 'Skip this task' })).toBeVisible();
  await press(page, '1');
  const asked = await turn(page, 1, 'User').locator('.text').innerText();
  await press(page, 'Enter');
  await expect(turn(page, 1, 'User').locator('.text')).not.toHaveText(asked);
  await expect(editor(page)).toHaveValue('');
  await press(page, 'Escape ?');
  const help = page.getByRole('dialog', { name: 'Keyboard' });
  for (const key of [...Object.values(keys), 'Ctrl+Enter', 'Esc', '↑ ↓', 'o', '⇧O', 'Delete', 'u']) {
    await expect(help.getByText(key, { exact: true }).first(), key).toBeVisible();
  }
  await expectNoAxeViolations(page);
});

test('what is disabled does not look like more than what is not', async ({ browser }) => {
  const { page } = await desk(browser);
  const undo = page.getByRole('button', { name: 'Undo' });
  const border = (): Promise<string> => undo.evaluate((element) => getComputedStyle(element).borderTopColor);
  const colour = (): Promise<string> => undo.evaluate((element) => getComputedStyle(element).color);
  await expect(undo).toBeDisabled();
  const before = await colour();
  expect(await border()).toBe('rgba(0, 0, 0, 0)');
  await page.keyboard.type('x');
  await expect(undo).toBeEnabled();
  expect(await border()).toBe('rgba(0, 0, 0, 0)');
  expect(await colour()).not.toBe(before);
});
