/** Work that is not submitted yet survives whatever happens to the page, the device, the network and the lease. */
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from '@playwright/test';
import { openChats } from '../../shared/chats.ts';
import type { Project } from '../../shared/projects.ts';
import { claim, saveDraft, submit } from '../../shared/tasks.ts';
import { assignmentOf, begun, expectPlaces, submitted, workOf } from './desk.ts';
import { allow, allowStatus, callAt, expect, type Headers, startWorld, test, type World } from './world.ts';

const clock = fileURLToPath(new URL('../support/movable-clock.ts', import.meta.url));

let world: World;
test.beforeAll(async () => {
  world = await startWorld({ env: { NODE_OPTIONS: `--import=${clock}` } });
});
test.afterAll(() => world.stop());

/** Lets ten minutes pass on the server. */
const tenMinutesLater = (): boolean => world.server.child.kill('SIGUSR2');

let trainers = 0;
const trainer = (project: Project): Promise<Headers> => {
  trainers += 1;
  return world.trainer(project.id, `drafter${trainers}`);
};

interface Desk {
  page: Page;
  project: Project;
  headers: Headers;
  address: string;
  /** Answers to requests for a task that the page has got. */
  fetched: string[];
}

/** A trainer before the first of so many tasks, all of them of one kind. */
async function desk(
  browser: Browser,
  kind: 'write' | 'rank' | 'chat',
  { tasks = 1, settings = {} }: { tasks?: number; settings?: Parameters<World['project']>[0] } = {},
): Promise<Desk> {
  const project = await world.project(settings);
  const numbers = Array.from({ length: tasks }, (_, index) => index + 1);
  if (kind === 'write') {
    await world.import(
      project,
      'prompts',
      numbers.map((number) => ({ prompt: `Question ${number}?` })),
    );
  } else if (kind === 'chat') {
    const body = { opening: 'none' as const, count: tasks };
    await callAt(world.url, openChats, { params: { projectId: project.id }, body }, world.admin);
  } else {
    const completions = ['One.', 'Two.', 'Three.', 'Four.'].map((content) => ({ content }));
    await world.import(
      project,
      'comparisons',
      numbers.map((number) => ({ prompt: `Question ${number}?`, completions })),
    );
  }
  const headers = await trainer(project);
  const page = await world.open(browser, headers);
  const address = `/projects/${project.id}/${kind}`;
  const fetched: string[] = [];
  page.on('requestfinished', (request) => {
    if (request.url().endsWith('/claim')) fetched.push(request.url());
  });
  await page.goto(address);
  await expect(page.getByRole('article').or(chatBox(page)).first()).toBeVisible();
  return { page, project, headers, address, fetched };
}

const chatBox = (page: Page): Locator => page.getByRole('textbox', { name: 'What you say', exact: true });
const editor = (page: Page): Locator => page.getByRole('article').getByRole('textbox');
/** The last turn that has a text. */
const text = (page: Page): Locator => page.getByRole('article', { name: 'Turn 2, Assistant' });
const saved = (page: Page): Locator =>
  page.getByRole('banner').or(page.locator('header')).getByText('Saved', { exact: true });

/** What the last turn says, be it open for writing or not. */
async function expectText(page: Page, words: string): Promise<void> {
  const open = editor(page);
  await expect(open.or(text(page).locator('.text'))).toBeVisible();
  if ((await open.count()) > 0) await expect(open).toHaveValue(words);
  else await expect(text(page).locator('.text')).toHaveText(words);
}

/** Waits until the server's draft says this; answers with the assignment's id. */
async function expectStored(headers: Headers, words: string): Promise<string> {
  let id = '';
  await expect
    .poll(async () => {
      const { begun: list } = await workOf(world, headers);
      const all = await Promise.all(list.map((one) => assignmentOf(world, headers, one.id)));
      const found = all.find(({ draft }) => draft !== null);
      id = found?.id ?? '';
      return JSON.stringify(found?.draft ?? null);
    })
    .toContain(words);
  return id;
}

test('a draft is saved within two seconds, and a reload finds it', async ({ browser }) => {
  const { page, headers } = await desk(browser, 'write');
  await page.evaluate(() => {
    document.addEventListener('input', () => performance.mark('typed'), { capture: true, once: true });
  });
  await page.keyboard.insertText('Half a sen');
  await expectStored(headers, 'Half a sen');
  await expect(saved(page)).toBeVisible();
  const waited = await page.evaluate(() => {
    const sent = performance.getEntriesByType('resource').find(({ name }) => name.endsWith('/draft'));
    return (sent?.startTime ?? Infinity) - (performance.getEntriesByName('typed')[0]?.startTime ?? -Infinity);
  });
  expect(waited, 'milliseconds').toBeLessThan(2_000);
  await page.reload();
  await expectText(page, 'Half a sen');

  // The last letters too, which no server has seen: the reload comes before they are sent.
  await text(page).getByRole('button', { name: 'Edit' }).click();
  await page.keyboard.press('End');
  await page.keyboard.insertText('tence');
  await page.reload();
  await expectText(page, 'Half a sentence');
});

test('a ranking that is begun survives a reload: places, ratings, flags and texts', async ({ browser }) => {
  const { page, headers } = await desk(browser, 'rank', { tasks: 2, settings: { rubric: 'instructgpt' } });
  for (const key of ['Shift+5', '2', '1', 'w']) await page.keyboard.press(key);
  await page.keyboard.insertText('A better one');
  await page.reload();
  await expectPlaces(page, '1:B 2:A -:CD');
  await expect(page.getByRole('textbox', { name: 'A better answer' })).toHaveValue('A better one');
  await expect(page.getByRole('article').first().getByRole('radio', { name: '5' })).toBeChecked();
  await expect(page.getByRole('region', { name: 'Answer C' })).toBeFocused();
  const { draft } = await begun(world, headers);
  expect(draft).toMatchObject({ places: { A: 2, B: 1 }, ratings: { A: { overall: 5 } }, rewrite: 'A better one' });
});

test('a closed tab, another device and a crash lose nothing', async ({ browser }) => {
  const { page, headers, address } = await desk(browser, 'write', { tasks: 3 });
  const context = page.context();
  await page.keyboard.insertText('Written');
  await page.close();
  const second = await context.newPage();
  await second.goto(address);
  await expectText(second, 'Written');
  await expectStored(headers, 'Written');

  // Another device knows only what the server knows.
  const elsewhere = await world.open(browser, headers);
  await elsewhere.goto(address);
  await expectText(elsewhere, 'Written');
  await elsewhere.context().close();

  await text(second).getByRole('button', { name: 'Edit' }).click();
  await second.keyboard.press('End');
  await second.keyboard.insertText(' until the crash');
  const crashed = second.waitForEvent('crash');
  const session = await context.newCDPSession(second);
  session.send('Page.crash').catch(() => undefined);
  await crashed;
  const third = await context.newPage();
  await third.goto(address);
  await expectText(third, 'Written until the crash');
  await expectStored(headers, 'Written until the crash');
});

test('without a network, one goes on writing and submits; it is sent once the network is back, and counts once', async ({
  browser,
}) => {
  const { page, headers, project, fetched } = await desk(browser, 'rank', { tasks: 3 });
  allow(page, /ERR_INTERNET_DISCONNECTED/);
  const question = page.getByRole('region', { name: 'The prompt at hand' });
  const first = await question.innerText();
  await page.keyboard.press('2');
  await expect(saved(page)).toBeVisible();
  // The next task is there already.
  await expect.poll(() => fetched.length).toBe(2);

  await page.context().setOffline(true);
  await page.keyboard.press('1');
  await expect(page.getByText('Saved on this device; sending when back online')).toBeVisible();
  for (const key of ['2', '3', 'Enter']) await page.keyboard.press(key);
  await expect(question).not.toHaveText(first);
  await expect(page.getByText('1 submission waiting to be sent. Kept on this device')).toBeVisible();
  for (const key of ['4', '4']) await page.keyboard.press(key);
  await expectPlaces(page, '4:AB -:CD');
  expect((await workOf(world, headers)).items).toEqual([]);

  await page.context().setOffline(false);
  const { draft } = await submitted(world, headers);
  expect(draft).toMatchObject({ ranking: [['B'], ['A', 'C'], ['D']] });
  await expect(page.getByText('waiting to be sent')).toHaveCount(0);
  await expect(saved(page)).toBeVisible();
  await expectPlaces(page, '4:AB -:CD');
  expect((await begun(world, headers)).draft).toMatchObject({ places: { A: 4, B: 4 } });
  const { total, items } = await workOf(world, headers);
  expect([total.comparison, items.length]).toEqual([1, 1]);
  expect(items).toMatchObject([{ state: 'submitted', projectId: project.id }]);
});

test('a submission whose answer was lost is sent again and counts once, even after a reload', async ({ browser }) => {
  const { page, headers } = await desk(browser, 'write', { tasks: 2 });
  allow(page, /ERR_CONNECTION_RESET|ERR_FAILED|ERR_CONNECTION_FAILED/);
  let tries = 0;
  await page.route('**/submit', async (route) => {
    tries += 1;
    // The server has it, the page does not hear of it.
    if (tries === 1) await route.fetch();
    await route.abort('connectionreset');
  });
  await page.keyboard.insertText('Sent twice');
  await page.keyboard.press('Control+Shift+Enter');
  await submitted(world, headers);
  await expect(page.getByText('1 submission waiting to be sent')).toBeVisible();
  await page.unroute('**/submit');
  await page.reload();
  await expect(page.getByRole('article', { name: 'Turn 2, Assistant' }).getByRole('textbox')).toHaveValue('');
  await expect
    .poll(() => page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('outbox'))))
    .toEqual([]);
  const { total, items } = await workOf(world, headers);
  expect([total.demonstration, items.length]).toEqual([1, 1]);
});

test('a submission that never left the device is sent after a reload', async ({ browser }) => {
  const { page, headers } = await desk(browser, 'write', { tasks: 2 });
  allow(page, /ERR_CONNECTION_REFUSED/);
  await page.route('**/submit', (route) => route.abort('connectionrefused'));
  await page.keyboard.insertText('Never sent');
  await page.keyboard.press('Control+Shift+Enter');
  await expect(page.getByText('1 submission waiting to be sent')).toBeVisible();
  await expect(editor(page)).toHaveValue('');
  expect((await workOf(world, headers)).items).toEqual([]);
  await page.unroute('**/submit');
  await page.reload();
  expect(JSON.stringify((await submitted(world, headers)).draft)).toContain('Never sent');
});

test('of two tabs the stale one is given the choice, and neither text is lost', async ({ browser }) => {
  const { page, headers, address } = await desk(browser, 'write', { tasks: 2 });
  allowStatus(page, 409, /\/draft/);
  await page.keyboard.insertText('From the first tab.');
  await expect(saved(page)).toBeVisible();
  const id = await expectStored(headers, 'From the first tab.');
  // Another device, so that the two share nothing but the server.
  const other = await world.open(browser, headers);
  allowStatus(other, 409, /\/draft/);
  await other.goto(`${address}/${id}`);
  await text(other).getByRole('button', { name: 'Edit' }).click();
  await editor(other).fill('From the second device.');
  await expectStored(headers, 'From the second device.');

  await page.keyboard.insertText(' And more.');
  const choice = page.getByText('A newer draft of this task was saved elsewhere');
  await expect(choice).toBeVisible();
  await expectText(page, 'From the first tab. And more.');
  await page.keyboard.insertText(' Still typing.');
  await expect(page.getByText('Not saved: two drafts')).toBeVisible();
  await expectStored(headers, 'From the second device.');
  // A reload does not make the choice either.
  await page.reload();
  await expect(choice).toBeVisible();
  await expectText(page, 'From the first tab. And more. Still typing.');
  await page.getByRole('button', { name: 'Keep what I have here' }).click();
  await expect(choice).toBeHidden();
  await expectStored(headers, 'From the first tab. And more. Still typing.');

  // Now the other one is stale, and takes what is newer.
  await editor(other).press('End');
  await other.keyboard.insertText(' Too late.');
  await expect(other.getByText('A newer draft of this task was saved elsewhere')).toBeVisible();
  await expectText(other, 'From the second device. Too late.');
  await other.getByRole('button', { name: 'Use the newer draft' }).click();
  await expectText(other, 'From the first tab. And more. Still typing.');
  await expect(saved(other)).toBeVisible();
});

test('two tabs of one browser: neither overwrites the other unasked', async ({ browser }) => {
  const { page, headers, address } = await desk(browser, 'write');
  allowStatus(page, 409, /\/draft/);
  await page.keyboard.insertText('One.');
  await expect(saved(page)).toBeVisible();
  const id = await expectStored(headers, 'One.');
  const second = await page.context().newPage();
  await second.goto(`${address}/${id}`);
  await text(second).getByRole('button', { name: 'Edit' }).click();
  await editor(second).fill('Two.');
  await expectStored(headers, 'Two.');
  await editor(page).fill('One and a half.');
  await expect(page.getByText('A newer draft of this task was saved elsewhere')).toBeVisible();
  await expectText(page, 'One and a half.');
  await expectText(second, 'Two.');
  await expectStored(headers, 'Two.');
});

test('a place given to someone else is said in plain words; the text can still be submitted and is kept as an extra answer', async ({
  browser,
}) => {
  const { page, headers, project } = await desk(browser, 'write', { settings: { leaseMinutes: 1 } });
  await page.keyboard.insertText('Written before lunch');
  await expect(saved(page)).toBeVisible();
  const id = await expectStored(headers, 'Written before lunch');

  tenMinutesLater();
  const second = await trainer(project);
  const answer = await callAt(world.url, claim, { params: { projectId: project.id }, body: {} }, second);
  if (answer === null) throw new Error('the place did not come free');
  await page.keyboard.insertText(', finished after');
  await expect(page.getByText('its place has been given to someone else')).toBeVisible();
  await expect(page.getByText('Your text is kept, and you may still submit it')).toBeVisible();
  await expectText(page, 'Written before lunch, finished after');

  // The other one is done first.
  const messages = [
    { role: 'user' as const, content: 'Question 1?' },
    { role: 'assistant' as const, content: 'Quicker.' },
  ];
  await callAt(world.url, submit, { params: { assignmentId: answer.assignment.id }, body: { messages } }, second);
  await page.keyboard.press('Control+Shift+Enter');
  await expect(page.getByText('What you submitted is kept as an extra answer.')).toBeVisible();
  const surplus = await submitted(world, headers);
  expect(surplus).toMatchObject({ id, state: 'surplus' });
  expect(JSON.stringify(surplus.draft)).toContain('Written before lunch, finished after');
  await expect(page.getByText('All dialogues of this project are done.')).toBeVisible();
  expect(await submitted(world, second)).toMatchObject({ state: 'submitted' });
});

test('a lease that ran out while nobody else wanted the task is taken back without a word', async ({ browser }) => {
  const { page, headers } = await desk(browser, 'rank', { settings: { leaseMinutes: 1 } });
  await page.keyboard.press('1');
  await expect(saved(page)).toBeVisible();
  const { id } = await begun(world, headers);
  tenMinutesLater();
  await expect.poll(async () => (await assignmentOf(world, headers, id)).state).toBe('expired');
  for (const key of ['2', '3', '4']) await page.keyboard.press(key);
  await expect.poll(async () => (await assignmentOf(world, headers, id)).state).toBe('active');
  await expect(page.getByText('given to someone else')).toHaveCount(0);
  await page.keyboard.press('Enter');
  expect(await submitted(world, headers)).toMatchObject({ id, state: 'submitted' });
});

test('a draft saved by a program comes back on the page', async ({ browser }) => {
  const project = await world.project();
  await world.import(project, 'prompts', [{ prompt: 'Question 1?' }]);
  const headers = await trainer(project);
  const answer = await callAt(world.url, claim, { params: { projectId: project.id }, body: {} }, headers);
  const draft = {
    messages: [
      { role: 'user', content: 'Question 1?' },
      { role: 'assistant', content: 'From elsewhere.' },
    ],
  };
  await callAt(
    world.url,
    saveDraft,
    { params: { assignmentId: answer?.assignment.id ?? '' }, body: { draft, revision: 0 } },
    headers,
  );
  const page = await world.open(browser, headers);
  await page.goto(`/projects/${project.id}/write`);
  await expectText(page, 'From elsewhere.');
  await expect(page.getByRole('article', { name: 'Turn 1, User' }).getByText('given')).toBeVisible();
});

/** How work of each kind is begun, and how it can be handed in then; a chat without an answer can only be skipped. */
const beginnings = {
  write: { begin: (page: Page) => page.keyboard.insertText('Half a sentence'), submit: ['Control+Shift+Enter'] },
  rank: { begin: (page: Page) => page.keyboard.press('1'), submit: ['2', '3', '4', 'Enter'] },
  chat: { begin: (page: Page) => chatBox(page).fill('Half a sentence'), submit: null },
};

for (const kind of ['write', 'rank', 'chat'] as const) {
  const { begin, submit: keys } = beginnings[kind];
  for (const ending of keys === null ? ['skipped'] : ['skipped', 'submitted'])
    test(`to ${kind}: a draft that is still on its way when the task is ${ending} does not come too late`, async ({
      browser,
    }) => {
      const { page, headers } = await desk(browser, kind);
      // The draft goes on once the server has ended the task, of which the page hears only after that.
      const ended = Promise.withResolvers<undefined>();
      const late = Promise.withResolvers<undefined>();
      await page.route('**/draft', async (route) => {
        await ended.promise;
        await route.continue().catch(() => undefined);
      });
      await page.route(/\/(skip|submit)$/, async (route) => {
        const response = await route.fetch();
        ended.resolve(undefined);
        await late.promise;
        await route.fulfill({ response });
      });

      const saving = page.waitForRequest('**/draft');
      await begin(page);
      const draft = await saving;
      if (ending === 'submitted') {
        for (const key of keys ?? []) await page.keyboard.press(key);
      } else {
        await page.getByRole('button', { name: 'Skip …' }).click();
        await page.getByRole('dialog').getByRole('radio').first().check();
        await page.keyboard.press('Control+Enter');
      }
      await ended.promise;
      // Null where the page let go of it.
      expect((await draft.response())?.status() ?? null).toBeNull();
      late.resolve(undefined);
      await expect(page.getByRole('button', { name: 'Skip …' })).toBeHidden();
      expect((await workOf(world, headers)).items).toMatchObject([{ state: ending }]);
    });
}
