/** Chatting with a model, as a trainer meets it: streamed, branched, judged and ended, and nothing of it ever lost. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Locator, Page } from '@playwright/test';
import { type Chat, openChats, readChat } from '../../shared/chats.ts';
import { createModel } from '../../shared/models.ts';
import { changeProject, type Project } from '../../shared/projects.ts';
import { startRound } from '../../shared/rounds.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { startServer } from '../support/server.ts';
import { submitted, workOf } from './desk.ts';
import {
  allow,
  allowStatus,
  callAt,
  desktop,
  expect,
  expectNoAxeViolations,
  expectNoStrayScroll,
  type Headers,
  phone,
  startWorld,
  test,
  type World,
} from './world.ts';

let world: World;
let server: ModelServer;
test.beforeAll(async () => {
  [world, server] = await Promise.all([startWorld(), startModelServer({ betweenMs: 10 })]);
});
test.afterAll(() => Promise.all([world.stop(), server.close()]));

let made = 0;
interface Desk {
  page: Page;
  project: Project;
  headers: Headers;
  /** The scenario with a name of its own, as the model server counts it. */
  model: string;
}

/** A project whose round asks for chats with a model that acts out `scenario`, and a trainer before the first of them. */
async function desk(
  browser: Browser,
  scenario = 'steady',
  {
    prompts = [],
    settings = {},
    view = desktop,
  }: { prompts?: string[]; settings?: object; view?: typeof desktop } = {},
): Promise<Desk> {
  made += 1;
  const model = `${scenario}:chat${made}`;
  const project = await world.project(settings);
  const params = { projectId: project.id };
  const body = { name: `Kept secret ${made}`, provider: 'openai', baseUrl: server.url, model } as const;
  const { id: modelId } = (await callAt(world.url, createModel, { body }, world.admin)).model;
  const round = { policyModelId: modelId, mix: [{ modelId, count: 1 }], kinds: ['chat' as const] };
  await callAt(world.url, startRound, { params, body: round }, world.admin);
  if (prompts.length > 0)
    await world.import(
      project,
      'prompts',
      prompts.map((prompt) => ({ prompt })),
    );
  const opening = prompts.length > 0 ? { opening: 'prompts' as const } : { opening: 'none' as const, count: 2 };
  await callAt(world.url, openChats, { params, body: opening }, world.admin);
  const headers = await world.trainer(project.id, `chatter${made}`);
  const page = await world.open(browser, headers, { viewport: view });
  await page.goto(`/projects/${project.id}/chat`);
  await expect(page.getByText('You open this chat').or(messages(page).first())).toBeVisible();
  return { page, project, headers, model };
}

const box = (page: Page): Locator => page.getByRole('textbox', { name: 'What you say', exact: true });
const messages = (page: Page): Locator => page.getByRole('article');
const message = (page: Page, number: number, name: string): Locator =>
  page.getByRole('article', { name: `Message ${number}, ${name}`, exact: true });
const text = (page: Page, number: number, name: string): Locator => message(page, number, name).locator('.markdown');
const button = (page: Page | Locator, name: string): Locator => page.getByRole('button', { name, exact: true });
const endButton = (page: Page): Locator => button(page, 'End the chat');

async function press(page: Page, keys: string): Promise<void> {
  for (const key of keys.split(' ')) await page.keyboard.press(key);
}

async function say(page: Page, words: string): Promise<void> {
  await box(page).focus();
  await page.keyboard.insertText(words);
  await page.keyboard.press('Enter');
}

/** Waits until the answer has ended; an ended one can be judged. */
async function answered(page: Page, number: number, timeout = 20_000): Promise<void> {
  await expect(button(message(page, number, 'Assistant'), 'Thumb up')).toBeVisible({ timeout });
}

/** The chat that this person has begun or ended last, as the server tells it. */
async function chatOf(headers: Headers): Promise<Chat> {
  let assignmentId = '';
  // A chat counts as begun once its draft was saved.
  await expect
    .poll(async () => {
      const { begun, items } = await workOf(world, headers);
      return (assignmentId = begun[0]?.id ?? items[0]?.id ?? '');
    })
    .not.toBe('');
  return (await callAt(world.url, readChat, { params: { assignmentId } }, headers)).chat;
}

async function freePort(): Promise<number> {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  taken.close();
  await once(taken, 'close');
  return port;
}

test('by keyboard alone: said, streamed, judged, and handed in', async ({ browser }) => {
  const { page, headers } = await desk(browser);
  await expect(box(page)).toBeFocused();
  await page.keyboard.insertText('Why does the sea rise?');
  await press(page, 'Shift+Enter');
  await page.keyboard.insertText('Twice a day.');
  await press(page, 'Enter');
  await expect(text(page, 1, 'You')).toHaveText('Why does the sea rise?\nTwice a day.', { useInnerText: true });
  await expect(box(page)).toHaveValue('');
  await answered(page, 2);
  const answer = (await text(page, 2, 'Assistant').innerText()).trim();
  expect(answer.split(' ').length).toBeGreaterThan(20);

  await press(page, 'ArrowUp');
  await expect(message(page, 2, 'Assistant')).toBeFocused();
  await press(page, '+ f');
  await page.keyboard.insertText('Clear, but without a source.');
  await press(page, 'Control+Enter');
  await expect(message(page, 2, 'Assistant').getByText('Clear, but without a source.')).toBeVisible();
  await expect(button(message(page, 2, 'Assistant'), 'Thumb up')).toHaveAttribute('aria-pressed', 'true');
  await press(page, '-');
  await expect(button(message(page, 2, 'Assistant'), 'Thumb down')).toHaveAttribute('aria-pressed', 'true');
  await press(page, '! 3');
  await page.getByRole('dialog').getByRole('textbox').fill('It can well say this.');
  await page
    .getByRole('dialog')
    .getByRole('radio', { name: /refuses/ })
    .focus();
  await press(page, 'Enter');
  await expect(message(page, 2, 'Assistant').getByText('reported')).toBeVisible();
  const [, told] = (await chatOf(headers)).messages;
  expect(told).toMatchObject({
    role: 'assistant',
    content: answer,
    stream: { state: 'done' },
    feedback: {
      thumb: 'down',
      text: 'Clear, but without a source.',
      report: { reason: 'refused_wrongly', text: 'It can well say this.' },
    },
  });

  await press(page, 'Enter');
  await expect(box(page)).toBeFocused();
  await page.keyboard.insertText('And the wind?');
  await expect(endButton(page)).toBeDisabled();
  await expect(page.getByText('What you wrote is not sent')).toBeVisible();
  await press(page, 'Enter');
  await answered(page, 4);
  await press(page, 'Control+Shift+Enter');
  await expect(page.getByText('Submitted.')).toBeVisible();
  const { draft, state } = await submitted(world, headers);
  expect(state).toBe('submitted');
  expect(draft).toEqual({ leafId: (await chatOf(headers)).messages.at(-1)?.id });
});

test('stop keeps what there is; retry and edit make branches, and one walks between them', async ({ browser }) => {
  const { page, headers } = await desk(browser);
  server.pace.words = 400;
  await say(page, 'A long one, please.');
  await expect(text(page, 2, 'Assistant')).not.toHaveText('');
  await expect(page.getByText('An answer is still being written')).toBeVisible();
  await press(page, 'Escape');
  server.pace.words = 24;
  await expect(message(page, 2, 'Assistant').getByText('stopped')).toBeVisible();
  const stopped = (await text(page, 2, 'Assistant').innerText()).trim();
  expect(stopped.length).toBeGreaterThan(3);
  await expect(page.getByText('No whole answer yet')).toBeVisible();

  await press(page, 'ArrowUp r');
  await expect(message(page, 2, 'Assistant').getByText('2 of 2')).toBeVisible();
  await answered(page, 2);
  const second = (await text(page, 2, 'Assistant').innerText()).trim();
  expect(second).not.toBe(stopped);
  await message(page, 2, 'Assistant').focus();
  await press(page, 'ArrowLeft');
  await expect(text(page, 2, 'Assistant')).toHaveText(stopped);
  await expect(message(page, 2, 'Assistant').getByText('1 of 2')).toBeVisible();
  await expect(message(page, 2, 'Assistant')).toBeFocused();
  await press(page, 'ArrowRight');
  await expect(text(page, 2, 'Assistant')).toHaveText(second);

  await press(page, 'ArrowUp e');
  const editor = page.getByRole('textbox', { name: 'What you say instead' });
  await expect(editor).toBeFocused();
  await editor.fill('A short one, please.');
  await press(page, 'Enter');
  await expect(message(page, 1, 'You').getByText('2 of 2')).toBeVisible();
  await expect(text(page, 1, 'You')).toHaveText('A short one, please.');
  await answered(page, 2);
  await expect(message(page, 2, 'Assistant').getByText(' of ')).toHaveCount(0);
  await button(message(page, 1, 'You'), 'The one before').click();
  await expect(text(page, 1, 'You')).toHaveText('A long one, please.');
  await expect(text(page, 2, 'Assistant')).toHaveText(second);

  // The branch that is shown is found again, and is the one that counts.
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  await page.reload();
  await expect(text(page, 2, 'Assistant')).toHaveText(second);
  const tree = await chatOf(headers);
  expect(tree.messages).toHaveLength(5);
  await endButton(page).click();
  const { draft } = await submitted(world, headers);
  expect(tree.messages.find(({ id }) => id === draft?.['leafId'])?.content.trim()).toBe(second);
});

test('a reload, a second tab and a lost connection go on in the middle of an answer', async ({ browser }) => {
  const { page, headers } = await desk(browser);
  let cut: (() => Promise<void>) | undefined;
  await page.routeWebSocket('**/api/live', (socket) => {
    const onward = socket.connectToServer();
    cut = async () => {
      await onward.close();
      await socket.close();
    };
  });
  await page.reload();
  server.pace.words = 300;
  await say(page, 'Go on and on.');
  await expect(text(page, 2, 'Assistant')).not.toHaveText('');
  await page.reload();
  const early = (await text(page, 2, 'Assistant').innerText()).trim();
  expect(early.length).toBeGreaterThan(3);
  const second = await page.context().newPage();
  await second.goto(page.url());
  await expect(text(second, 2, 'Assistant')).toContainText(early);
  await expect.poll(async () => (await text(page, 2, 'Assistant').innerText()).length).toBeGreaterThan(early.length);
  await cut?.();
  await expect(page.getByText('The connection was lost; the answer goes on without it')).toBeVisible();
  await answered(page, 2);
  await answered(second, 2);
  server.pace.words = 24;
  const whole = (await chatOf(headers)).messages[1]?.content.trim() ?? '';
  expect(whole.split(' ').length).toBe(300);
  for (const tab of [page, second]) await expect(text(tab, 2, 'Assistant')).toHaveText(whole);

  // What one tab says the other shows, without a word about drafts: of two tabs that save, the later one hears of the other
  // by a refusal, and takes its place where no text is lost.
  allowStatus(page, 409, /\/draft/);
  await say(second, 'And more.');
  await expect(text(page, 3, 'You')).toHaveText('And more.');
  await answered(page, 4);
  await say(page, 'Enough.');
  await expect(text(second, 5, 'You')).toHaveText('Enough.');
  await answered(second, 6);
  await expect(page.getByText('A newer draft')).toHaveCount(0);
  await expect(box(page)).toHaveValue('');
});

test('a server that restarts goes on with the answer', async ({ browser }) => {
  // Two servers are started, one of them while a page waits for it.
  test.setTimeout(150_000);
  const before = world;
  const [port, dataDir] = [await freePort(), await mkdtemp(path.join(tmpdir(), 'duologue-chat-'))];
  const env = { PORT: String(port), DATA_DIR: dataDir };
  world = await startWorld({ env });
  try {
    const { page, headers } = await desk(browser);
    allow(page, /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|WebSocket/);
    server.pace.words = 500;
    await say(page, 'Go on and on.');
    await expect(text(page, 2, 'Assistant')).not.toHaveText('');
    await page.keyboard.insertText('Half a thought');
    await world.server.end('SIGTERM');
    const again = await startServer(env);
    try {
      await answered(page, 2, 60_000);
      const whole = (await chatOf(headers)).messages[1]?.content.trim() ?? '';
      expect(whole.split(' ').length).toBe(500);
      await expect(text(page, 2, 'Assistant')).toHaveText(whole);
      await expect(box(page)).toHaveValue('Half a thought');
    } finally {
      await page.context().close();
      await again.end('SIGTERM');
    }
  } finally {
    server.pace.words = 24;
    await world.stop();
    await rm(dataDir, { recursive: true, force: true });
    world = before;
  }
});

test('without a network the text stays in the box, and arrives once, even where its answer was lost', async ({
  browser,
}) => {
  const { page, headers, model } = await desk(browser);
  allow(page, /ERR_FAILED|ERR_CONNECTION_RESET|ERR_INTERNET_DISCONNECTED/);
  let tries = 0;
  await page.route('**/chat/messages', async (route) => {
    tries += 1;
    // The server has the first, the page does not hear of it.
    if (tries === 1) await route.fetch();
    if (tries <= 2) await route.abort('connectionreset');
    else await route.continue();
  });
  await say(page, 'Said once.');
  await expect(page.getByText('The server cannot be reached')).toBeVisible();
  await answered(page, 2);
  await expect(box(page)).toHaveValue('');
  const said = (await chatOf(headers)).messages;
  expect(said.map(({ role }) => role)).toEqual(['user', 'assistant']);
  expect(server.requests(model)).toBe(1);
});

test('what moderation blocks goes back with the reason; what it hides or marks is shown so, and can be disputed', async ({
  browser,
}) => {
  const { page, project, headers } = await desk(browser);
  const body = { name: `Judge ${made}`, provider: 'moderations', baseUrl: server.url, model: 'moderation' } as const;
  const { model } = await callAt(world.url, createModel, { body }, world.admin);
  const actions = { violence: 'warn', hate: 'collapse', 'sexual/minors': 'block' } as const;
  const change = { moderation: { modelId: model.id, actions } };
  await callAt(world.url, changeProject, { params: { projectId: project.id }, body: change }, world.admin);
  allowStatus(page, 422, /\/chat\/messages/);

  await say(page, 'Not this [sexual/minors].');
  await expect(page.getByRole('alert')).toContainText('moderation');
  await expect(box(page)).toHaveValue('Not this [sexual/minors].');
  await expect(messages(page)).toHaveCount(0);
  await box(page).fill('');
  await say(page, 'This is rough [violence].');
  await answered(page, 2);
  await expect(message(page, 1, 'You').getByText('Moderation warns: Violence.')).toBeVisible();
  await expect(text(page, 1, 'You')).toHaveText('This is rough [violence].');
  await say(page, 'This is worse [hate].');
  await answered(page, 4);
  await expect(message(page, 3, 'You').getByText('Hidden by moderation: Hate.')).toBeVisible();
  await expect(text(page, 3, 'You')).toHaveCount(0);
  await message(page, 3, 'You').focus();
  await press(page, 'o');
  await expect(text(page, 3, 'You')).toHaveText('This is worse [hate].');
  await press(page, 'd');
  await page.getByRole('dialog').getByRole('textbox').fill('It is a quotation.');
  await press(page, 'Control+Enter');
  await expect(message(page, 3, 'You').getByText('You said that this is wrong.')).toBeVisible();
  expect((await chatOf(headers)).messages[2]?.verdict).toMatchObject({ action: 'collapse', disputed: true });
});

test('an answer that breaks off says so, and is asked for again', async ({ browser }) => {
  const { page, model } = await desk(browser, 'cut');
  await say(page, 'Will it hold?');
  await expect(message(page, 2, 'Assistant').getByText('The answer failed.')).toBeVisible();
  await expect(text(page, 2, 'Assistant')).not.toHaveText('');
  await box(page).fill('Never mind');
  await expect(page.getByText('The last answer failed: ask for it again')).toBeVisible();
  await press(page, 'Enter');
  await expect(box(page)).toHaveValue('Never mind');
  const before = server.requests(model);
  await button(message(page, 2, 'Assistant'), 'Retry').click();
  await expect(message(page, 2, 'Assistant').getByText('2 of 2')).toBeVisible();
  await expect.poll(() => server.requests(model)).toBeGreaterThan(before);
});

test('a wait for the model server is told', async ({ browser }) => {
  const { page } = await desk(browser, 'rate-limited');
  await say(page, 'Are you there?');
  await expect(message(page, 2, 'Assistant').locator('.state')).not.toHaveText('Waiting for the model …');
  await answered(page, 2);
});

test('an opening prompt is answered first, and skipping it says why', async ({ browser }) => {
  const { page, headers } = await desk(browser, 'steady', { prompts: ['How do magnets work?', 'Why is it dark?'] });
  await expect(message(page, 1, 'User').getByText('given')).toBeVisible();
  await box(page).fill('I would rather');
  await expect(page.getByText('What was said last has no answer yet')).toBeVisible();
  await box(page).fill('');
  await press(page, 'Enter');
  await answered(page, 2);
  await expect(button(message(page, 1, 'User'), 'Edit')).toHaveCount(0);
  await press(page, 'Escape s 1');
  await button(page.getByRole('dialog'), 'Skip this task').click();
  await expect.poll(async () => (await workOf(world, headers)).items[0]?.state).toBe('skipped');
  await expect(messages(page)).toHaveCount(1);
});

test('where no model can be asked it says why, and keeps the text', async ({ browser }) => {
  const project = await world.project();
  const params = { projectId: project.id };
  await callAt(world.url, openChats, { params, body: { opening: 'none', count: 1 } }, world.admin);
  const headers = await world.trainer(project.id, 'unheard');
  const page = await world.open(browser, headers);
  await page.goto(`/projects/${project.id}/chat`);
  await expect(page.getByText('No model is set up for this project yet')).toBeVisible();
  await say(page, 'Is anybody there?');
  await expect(box(page)).toHaveValue('Is anybody there?');
  await expect(page.getByText('Saved', { exact: true })).toBeVisible();
  await page.reload();
  await expect(box(page)).toHaveValue('Is anybody there?');
  const demo = { name: 'Unheard demo', provider: 'replay' } as const;
  const { id } = (await callAt(world.url, createModel, { body: demo }, world.admin)).model;
  const body = { policyModelId: id, mix: [{ modelId: id, count: 1 }], kinds: ['chat' as const] };
  await callAt(world.url, startRound, { params, body }, world.admin);
  await button(page, 'Look again').click();
  await expect(page.getByText('This is a demo')).toBeVisible();
  await box(page).press('Enter');
  await expect(text(page, 2, 'Assistant')).not.toHaveText('');
});

test('whoever reads further up is left there; whoever is at the end stays at the end', async ({ browser }) => {
  const { page } = await desk(browser);
  const scroller = page.locator('.scroll');
  const fromEnd = (): Promise<number> =>
    scroller.evaluate((node) => Math.round(node.scrollHeight - node.scrollTop - node.clientHeight));
  server.pace.words = 600;
  await say(page, 'A very long one.');
  await expect.poll(() => scroller.evaluate((node) => node.scrollHeight > node.clientHeight + 50)).toBe(true);
  await expect.poll(fromEnd).toBeLessThan(2);
  await scroller.evaluate((node) => node.scrollTo(0, 0));
  await expect.poll(fromEnd).toBeGreaterThan(100);
  expect(await scroller.evaluate((node) => node.scrollTop)).toBe(0);
  await answered(page, 2);
  server.pace.words = 24;
  expect(await scroller.evaluate((node) => node.scrollTop)).toBe(0);
});

test('nothing tells which model it is', async ({ browser }) => {
  const { page, model } = await desk(browser);
  const received: Promise<string>[] = [];
  page.on('response', (response) => received.push(response.text().catch(() => '')));
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => received.push(Promise.resolve(String(payload)))),
  );
  await page.reload();
  await say(page, 'Who are you?');
  await answered(page, 2);
  const all = (await Promise.all(received)).join('\n');
  expect(all).toContain('Who are you?');
  for (const secret of [model, `Kept secret ${made}`, server.url]) expect(all).not.toContain(secret);
});

for (const [name, view] of [
  ['wide', desktop],
  ['phone', phone],
] as const) {
  test(`readable by everyone, ${name}: open, with everything in it, and with its dialogs`, async ({ browser }) => {
    const { page } = await desk(browser, 'steady', { view });
    await expectNoAxeViolations(page);
    await box(page).fill('Say something.');
    await button(page, 'Send').click();
    await answered(page, 2);
    await button(message(page, 2, 'Assistant'), 'Feedback').click();
    await message(page, 2, 'Assistant').getByRole('textbox').fill('Fine.');
    await button(message(page, 1, 'You'), 'Edit').click();
    await expectNoAxeViolations(page);
    await expectNoStrayScroll(page);
    await button(message(page, 2, 'Assistant'), 'Report …').click();
    await expectNoAxeViolations(page, { within: 'dialog[open]' });
  });
}
