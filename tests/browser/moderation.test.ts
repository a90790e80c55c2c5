/** What moderation hides, where others meet it: behind a label until asked for, in the way of nothing; and told to who wrote it. */
import { randomUUID } from 'node:crypto';
import type { Browser, Page } from '@playwright/test';
import { openChats, readChat, say } from '../../shared/chats.ts';
import { createModel, type Model } from '../../shared/models.ts';
import { listDisputes } from '../../shared/moderation.ts';
import type { Project } from '../../shared/projects.ts';
import { startRound } from '../../shared/rounds.ts';
import { claim, submit, type Assignment } from '../../shared/tasks.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { answer, cards, expectPlaces, submitted } from './desk.ts';
import {
  callAt,
  desktop,
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
let server: ModelServer;
let harmless: Model;
let harmful: Model;
let judge: Model;
test.beforeAll(async () => {
  [world, server] = await Promise.all([startWorld(), startModelServer({ betweenMs: 0 })]);
  const register = async (name: string, model: string, provider: 'openai' | 'moderations' = 'openai') =>
    (await callAt(world.url, createModel, { body: { name, provider, baseUrl: server.url, model } }, world.admin)).model;
  harmless = await register('Harmless', 'steady');
  harmful = await register('Harmful', 'harmful');
  judge = await register('Judge', 'moderation', 'moderations');
});
test.afterAll(() => Promise.all([world.stop(), server.close()]));

const moderated = (): Promise<Project> =>
  world.project({
    completionsPerComparison: 3,
    pick: { minDepth: 2 },
    moderation: { modelId: judge.id, actions: { violence: 'collapse', hate: 'collapse', harassment: 'warn' } },
  });

/** Has a trainer say these things to the harmless model and end the chat; one alternative is the harmful model's. */
async function chatted(project: Project, sayings: string[]): Promise<void> {
  const { url, admin } = world;
  const params = { projectId: project.id };
  const mix = [harmful, harmless].map(({ id }) => ({ modelId: id, count: 1 }));
  const round = { policyModelId: harmless.id, mix, kinds: ['chat' as const, 'comparison' as const] };
  await callAt(url, startRound, { params, body: round }, admin);
  await callAt(url, openChats, { params, body: { opening: 'none', count: 1 } }, admin);
  const trainer = await world.trainer(project.id, `chatter-${randomUUID()}`);
  const { id } = await claimed(project, trainer, 'chat');
  const chat = { assignmentId: id };
  const exchange = async (content: string, parentId: string | null): Promise<string> => {
    const body = { id: randomUUID(), parentId, content };
    const { id } = (await callAt(url, say, { params: chat, body }, trainer)).answer;
    const state = async () =>
      (await callAt(url, readChat, { params: chat }, trainer)).chat.messages.find((one) => one.id === id)?.stream
        ?.state;
    await expect.poll(state).toBe('done');
    return id;
  };
  let leafId: string | null = null;
  for (const content of sayings) leafId = await exchange(content, leafId);
  if (leafId !== null) await callAt(url, submit, { params: chat, body: { leafId } }, trainer);
}

async function claimed({ id }: Project, as: Headers, kind: 'chat' | 'demonstration'): Promise<Assignment> {
  const given = await callAt(world.url, claim, { params: { projectId: id }, body: { kinds: [kind] } }, as);
  if (given === null) throw new Error(`no ${kind} was handed out`);
  return given.assignment;
}

/** Somebody else before the comparison that came of a chat of two exchanges, whose first and last saying are hidden. */
async function ranking(browser: Browser, view: View = {}): Promise<{ page: Page; headers: Headers; letter: string }> {
  const project = await moderated();
  await chatted(project, ['You people [hate].', 'Go on, then [violence] [hate].']);
  const headers = await world.trainer(project.id, `ranker-${randomUUID()}`);
  const page = await world.open(browser, headers, view);
  await page.goto(`/projects/${project.id}/rank`);
  await expect(async () => {
    if ((await cards(page).count()) === 0) await page.reload();
    await expect(cards(page)).toHaveCount(3, { timeout: 3_000 });
  }).toPass();
  const hidden = await cards(page).evaluateAll((all) =>
    all.flatMap((card) =>
      card.textContent.includes('Hidden') ? [card.querySelector('[id^="answer-"]')?.id ?? ''] : [],
    ),
  );
  expect(hidden).toHaveLength(1);
  return { page, headers, letter: hidden[0]?.slice(-1) ?? '' };
}

const show = (page: Page, what: string) => page.getByRole('button', { name: new RegExp(`^(Show|Hide) ${what}`) });

async function press(page: Page, keys: string): Promise<void> {
  for (const key of keys.split(' ')) await page.keyboard.press(key);
}

test('a hidden answer is opened alone, by key or button, and the ranking keys go on working', async ({ browser }) => {
  const { page, headers, letter } = await ranking(browser);
  const card = answer(page, letter);
  await expect(card).toContainText('Hidden by moderation: Violence.');
  await expect(card.locator('.markdown')).toHaveCount(0);
  await expect(page.getByRole('button', { name: /^Show answer/ })).toHaveCount(1);

  await press(page, letter.toLowerCase());
  await expect(card).toBeFocused();
  await press(page, 'o');
  await expect(card).toContainText('Shown: Violence.');
  await expect(card.locator('.markdown')).toContainText('[violence]');
  await expect(show(page, `answer ${letter}`)).toHaveAttribute('aria-expanded', 'true');
  await expect(card).toBeFocused();
  await press(page, 'o');
  await expect(card.locator('.markdown')).toHaveCount(0);

  await show(page, `answer ${letter}`).click();
  await expect(card.locator('.markdown')).toBeVisible();
  await press(page, 'Enter');
  await expect(card.locator('.markdown')).toHaveCount(0);
  await press(page, 'Space');
  await expect(card.locator('.markdown')).toBeVisible();
  await expect(page.getByRole('region', { name: 'The prompt at hand' }).locator('.markdown')).toHaveCount(0);

  await press(page, 'a 1 2 2');
  await expectPlaces(page, '1:A 2:BC');
  await expect(card.locator('.markdown')).toBeVisible();
  await press(page, '?');
  await expect(page.getByRole('dialog')).toContainText('Show or hide the answer in focus');
  await press(page, 'Escape Enter');
  const { draft } = await submitted(world, headers);
  expect(draft).toEqual({ ranking: [['A'], ['B', 'C']] });
});

test('hidden messages before the answers are opened from the nearest on, each alone', async ({ browser }) => {
  const { page } = await ranking(browser);
  const prompt = page.getByRole('region', { name: 'The prompt at hand' });
  const past = page.getByRole('region', { name: 'Earlier messages' });
  await expect(prompt).toContainText('Hidden by moderation: Hate, Violence.');
  await expect(past).toContainText('Hidden by moderation: Hate.');
  await press(page, 'p');
  await expect(prompt).toContainText('Go on, then [violence] [hate].');
  await expect(past).not.toContainText('You people');
  await press(page, 'p');
  await expect(past).toContainText('You people [hate].');
  await show(page, 'message 3, User').click();
  await expect(prompt.locator('.markdown')).toHaveCount(0);
  await expect(past).toContainText('You people [hate].');
});

test('the given prompt of a dialogue stands hidden until it is asked for', async ({ browser }) => {
  const project = await moderated();
  await world.import(project, 'prompts', [{ prompt: 'Say something rude.' }]);
  const headers = await world.trainer(project.id, 'writer');
  const page = await world.open(browser, headers);
  // No prompt comes from where texts are judged; what the page does with a verdict on one is the same.
  await page.route('**/claim', async (route) => {
    const response = await route.fetch();
    const told = await response.text();
    await route.fulfill({ response, body: told.replace(/"role":"user"/g, '"role":"user","hidden":["harassment"]') });
  });
  await page.goto(`/projects/${project.id}/write`);
  const turn = page.getByRole('article', { name: 'Turn 1, User' });
  await expect(turn).toContainText('Hidden by moderation: Harassment.');
  await expect(turn).not.toContainText('Say something rude.');
  await turn.getByText('Hidden by moderation: ').click();
  await expect(page.getByRole('textbox', { name: 'User: text' })).toHaveCount(0);
  await press(page, 'Escape ArrowUp h');
  await expect(turn).toContainText('Say something rude.');
  await press(page, 'h');
  await expect(turn).not.toContainText('Say something rude.');
  await show(page, 'turn 1, User').click();
  await expect(turn.locator('.markdown')).toHaveText('Say something rude.');
  await expectNoAxeViolations(page);
  await turn.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'User: text' }).fill('Say something kind.');
  await press(page, 'Escape');
  await expect(turn).not.toContainText('Hidden');
  await expect(turn).toContainText('Say something kind.');
});

test('what a trainer wrote is told with what moderation says of it, and can be disputed', async ({ browser }) => {
  const project = await moderated();
  await world.import(project, 'prompts', [{ prompt: 'Write something.' }]);
  const headers = await world.trainer(project.id, 'quoter');
  const { id } = await claimed(project, headers, 'demonstration');
  const messages = [
    { role: 'user' as const, content: 'Write something.' },
    { role: 'assistant' as const, content: 'The villain says [violence].' },
    { role: 'user' as const, content: 'And then [harassment]?' },
    { role: 'assistant' as const, content: 'The end.' },
  ];
  await callAt(world.url, submit, { params: { assignmentId: id }, body: { messages } }, headers);

  const page = await world.open(browser, headers);
  await page.goto('/work');
  const flagged = page.getByRole('listitem').filter({ hasText: /^Flagged by moderation/ });
  await expect(flagged).toHaveCount(2);
  await expect(flagged.first()).toContainText('Violence');
  await expect(flagged.first()).toContainText('The villain says [violence].');
  await expect(flagged.last()).toContainText('Harassment');
  await expectNoAxeViolations(page);

  const dispute = page.getByRole('button', { name: 'Dispute: The villain says [violence].' });
  await dispute.click();
  const box = page.getByRole('dialog').getByRole('textbox');
  await box.fill('It is a story.');
  await press(page, 'Escape');
  await dispute.click();
  await expect(box).toHaveValue('It is a story.');
  await expectNoAxeViolations(page, { within: 'dialog[open]' });
  await press(page, 'Control+Enter');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(flagged.first()).toContainText('You said that this is wrong.');
  await expect(flagged.last()).not.toContainText('You said');
  await page.reload();
  await expect(flagged.first()).toContainText('You said that this is wrong.');
  const asked = { params: { projectId: project.id }, query: {} };
  const { disputes } = await callAt(world.url, listDisputes, asked, world.admin);
  expect(disputes).toMatchObject([{ content: 'The villain says [violence].', comment: 'It is a story.' }]);
});

for (const [name, viewport] of [
  ['wide', desktop],
  ['phone', phone],
] as const) {
  test(`labels of hidden texts can be read and pressed by everyone, ${name}`, async ({ browser }) => {
    const { page, letter } = await ranking(browser, { viewport });
    await expectNoAxeViolations(page);
    const button = show(page, `answer ${letter}`);
    if (viewport === phone) {
      await button.tap();
      await expectPlaces(page, '-:ABC');
    } else await button.click();
    await expect(answer(page, letter).locator('.markdown')).toBeVisible();
    await expectNoAxeViolations(page);
    await expectNoStrayScroll(page);
    await page.emulateMedia({ colorScheme: 'dark' });
    await expectNoAxeViolations(page, { only: 'colours' });
  });
}
