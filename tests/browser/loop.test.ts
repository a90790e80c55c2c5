/** One iteration as everyone in it meets it: chat, pick, sample, another trainer ranks, and what a training job gets of it. */
import type { Browser, Locator, Page } from '@playwright/test';
import { z } from 'zod';
import { message } from '../../shared/conversations.ts';
import { groupsOf, pairs } from '../../shared/ranking.ts';
import { claim } from '../../shared/tasks.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { cards, places } from './desk.ts';
import { release } from './release.ts';
import { expect, expectNoAxeViolations, startWorld, test, type World } from './world.ts';

let world: World;
let server: ModelServer;
test.beforeAll(async () => {
  [world, server] = await Promise.all([startWorld(), startModelServer()]);
});
test.afterAll(() => Promise.all([world.stop(), server.close()]));

const heron = { name: 'Heron of this round', model: 'steady:heron' };
/** Its answers can be told by what is in them, and reach the page and the file in characters of many bytes. */
const kestrel = { name: 'Kestrel of the last', model: 'split-bytes:kestrel' };
const byKestrel = (text: string): boolean => text.includes('Grüße');

/** As a line is documented whose completions were sampled here. */
const pairRow = z.strictObject({
  prompt: z.array(message),
  chosen: z.tuple([message]),
  rejected: z.tuple([message]),
  origin: z.literal('model'),
  chosen_model: z.string(),
  rejected_model: z.string(),
  picked: z.enum(['chosen', 'rejected']).nullable(),
  group_id: z.uuid(),
  ranking_id: z.uuid(),
  k: z.literal(4),
  weight: z.number(),
  sampling_id: z.uuid(),
  round: z.literal(1),
  distance: z.int().min(1),
  id: z.string(),
  ranker: z.string().nullable(),
  agreement: z.number().nullable(),
  language: z.string().nullable(),
  source: z.string().nullable(),
});
type PairRow = z.infer<typeof pairRow>;

test('the whole loop, from two models to the pairs that one is trained on', async ({ browser }) => {
  // Three people's pages, two models and a server on two cores.
  test.setTimeout(120_000);
  const admin = await world.open(browser, world.admin);
  // People are invited in other tests; here they come from an earlier project.
  const earlier = await world.project({ name: 'An earlier one' });
  const [ada, bo] = await Promise.all([person(browser, earlier.id, 'ada'), person(browser, earlier.id, 'bo')]);

  await test.step('two models are registered and answer', async () => {
    for (const model of [heron, kestrel]) await register(admin, model);
  });
  const project = await test.step('a project with two members', () => makeProject(admin));
  await test.step('a round of both models, and a chat to be had', () => startRound(admin, project));

  const paths = await test.step('one trainer chats, branches, praises and ends', () => chat(ada.page, project));
  await test.step('the admin sees the pick sampled, and the praise', async () => {
    await tab(admin, 'Sampling').click();
    await expect(figure(admin, 'Done')).toHaveText('1');
    await expect(admin.getByRole('listitem').filter({ hasText: 'from a chat' })).toContainText('4 of 4 completions');
    // The original is from the chat; of the three alternatives the mix gives one to the other model.
    expect(server.requests(kestrel.model)).toBeGreaterThan(0);
    await tab(admin, 'Feedback').click();
    const entry = admin.getByRole('article');
    await expect(entry).toHaveCount(1);
    await expect(entry).toContainText('Thumb up');
    await expect(entry).toContainText(`ada on ${heron.name}, round 1`);
  });

  await test.step('whoever chatted is not offered to rank it', async () => {
    await ada.page.goto(`${project}/rank`);
    await expect(ada.page.getByText('You wrote what is left of the comparisons yourself.')).toBeVisible();
    await expect(cards(ada.page)).toHaveCount(0);
  });
  const ranked = await test.step('the other trainer ranks it by keyboard', () => rank(bo.page, project));
  await test.step('and now nobody is offered it any more', async () => {
    for (const { page } of [ada, bo]) {
      await page.goto(`${project}/rank`);
      await expect(page.getByText('All comparisons of this project are done.')).toBeVisible();
    }
  });

  const rows =
    await test.step('the file of pairs holds the original, the alternatives and where they are from', async () => {
      const expected = pairs(groupsOf(ranked.completions.map((text, index) => [text, ranked.places[index]])));
      const rows = (await release(admin, project, /^Comparisons/)).map((line) => pairRow.parse(JSON.parse(line)));
      expect(
        rows.map(({ chosen: [a], rejected: [b], distance }) => `${distance} ${a.content} > ${b.content}`).sort(),
      ).toEqual(expected.map(({ better, worse, distance }) => `${distance} ${better} > ${worse}`).sort());

      const [first] = rows;
      if (!first) throw new Error('there is no row');
      const { group_id, ranking_id, sampling_id, prompt } = first;
      for (const row of rows) {
        expect(row).toMatchObject({ group_id, ranking_id, sampling_id, prompt });
        expect(row.weight).toBeCloseTo(1 / 6, 12);
      }
      const models = modelsOf(rows);
      expect(Object.keys(models).sort()).toEqual(ranked.completions.toSorted());
      for (const [text, model] of Object.entries(models))
        expect(model).toBe(byKestrel(text) ? kestrel.name : heron.name);
      expect(Object.values(models).filter((model) => model === kestrel.name)).toHaveLength(1);

      // The original is what the chat's model answered to this very path.
      const original = new Set(
        rows.flatMap(({ picked, chosen, rejected }) =>
          picked === null ? [] : [(picked === 'chosen' ? chosen : rejected)[0].content.trim()],
        ),
      );
      const said = prompt.map(({ content }) => content.trim());
      expect([...original]).toEqual(
        paths.filter((path) => sameTexts(path.slice(0, -1), said)).map((path) => path.at(-1)),
      );
      const touched = rows.filter(({ picked, chosen, rejected }) => {
        const has = [chosen, rejected].some(([{ content }]) => original.has(content.trim()));
        expect(picked !== null).toBe(has);
        return has;
      });
      expect(touched.length).toBeGreaterThan(0);
      return rows;
    });

  await test.step('the round tells what was collected, and who was preferred', async () => {
    await tab(admin, 'Rounds').click();
    for (const name of ['Chats', 'Comparisons', 'Rankings']) await expect(figure(admin, name)).toHaveText('1');
    await expect(figure(admin, 'Demonstrations')).toHaveText('0');
    const times = (model: string): number =>
      rows.filter((row) => row.chosen_model === model && row.rejected_model !== model).length;
    // Three completions of one model stand against one of the other.
    const counted = { [heron.name]: times(heron.name), [kestrel.name]: times(kestrel.name) };
    const tied = 3 - times(heron.name) - times(kestrel.name);
    const between = admin.getByRole('region', { name: 'Preferences between the models' });
    for (const [name, count] of Object.entries({ ...counted, Tied: tied }))
      await expect(between).toContainText(new RegExp(`${name}\\s*\\d+%\\s*${count} of 3`));
    await expectNoAxeViolations(admin);
  });

  await test.step('neither trainer was told of a model, and each asked model was asked with the right words', async () => {
    for (const { received } of [ada, bo]) {
      const all = (await Promise.all(received)).join('\n');
      expect(all).toContain('Helpful answers');
      for (const secret of [heron.name, heron.model, kestrel.name, kestrel.model, server.url])
        expect(all).not.toContain(secret);
    }
    const asked = server.last(kestrel.model)?.body.messages.map(({ content }) => content.trim()) ?? [];
    expect(asked).toEqual(rows[0]?.prompt.map(({ content }) => content.trim()));
  });
});

interface Person {
  page: Page;
  /** All that came to the page, by HTTP and by socket. */
  received: Promise<string>[];
}

async function person(browser: Browser, projectId: string, name: string): Promise<Person> {
  const page = await world.open(browser, await world.trainer(projectId, name));
  const received: Promise<string>[] = [];
  page.on('response', (response) => received.push(response.text().catch(() => '')));
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => received.push(Promise.resolve(String(payload)))),
  );
  return { page, received };
}

const tab = (page: Page, name: string): Locator =>
  page.getByRole('navigation', { name: 'Project' }).getByRole('link', { name, exact: true });
const button = (page: Page | Locator, name: string): Locator => page.getByRole('button', { name, exact: true });
const figure = (page: Page, name: string): Locator =>
  page.locator('dl > div').filter({ hasText: name }).getByRole('definition');

async function register(admin: Page, { name, model }: typeof heron): Promise<void> {
  await admin.goto('/models');
  await expect(admin.getByRole('heading', { name: 'Models' })).toBeVisible();
  await admin.keyboard.press('n');
  await admin.getByRole('textbox', { name: 'Name', exact: true }).fill(name);
  await admin.getByRole('textbox', { name: 'Base URL' }).fill(server.url);
  await admin.getByRole('textbox', { name: 'Model id' }).fill(model);
  await button(admin, 'Add').click();
  await expect(admin.getByRole('heading', { name })).toBeVisible();
  await button(admin, 'Check').click();
  await expect(admin.getByText('Works', { exact: true })).toBeVisible();
}

/** Answers with the project's address. */
async function makeProject(admin: Page): Promise<string> {
  await admin.goto('/');
  await expect(admin.getByRole('link', { name: 'An earlier one' })).toBeVisible();
  await admin.keyboard.press('n');
  await admin.getByLabel('Name').fill('Helpful answers');
  await button(admin, 'Create and import').click();
  await expect(admin.getByRole('heading', { name: 'Import' })).toBeVisible();
  await tab(admin, 'Members').click();
  for (const name of ['ada', 'bo']) {
    await admin.getByLabel('Add a person').selectOption(`${name} (${name}@example.org)`);
    await button(admin, 'Add').click();
    await expect(button(admin, `Remove ${name}`)).toBeVisible();
  }
  return new URL(admin.url()).pathname.replace(/\/members$/, '');
}

async function startRound(admin: Page, project: string): Promise<void> {
  await tab(admin, 'Rounds').click();
  await admin.getByLabel('Policy model').selectOption(heron.name);
  await admin.getByLabel('Model', { exact: true }).selectOption(heron.name);
  await button(admin, 'Add a model').click();
  await expect(admin.getByLabel('Completions', { exact: true }).first()).toHaveValue('2');
  await expect(admin.getByLabel('Completions', { exact: true }).last()).toHaveValue('1');
  await button(admin, 'Start round 1…').click();
  const dialog = admin.getByRole('dialog');
  await expect(dialog).toContainText(`${heron.name} × 2, ${kestrel.name} × 1`);
  await button(dialog, 'Start round 1').click();
  await expect(admin.getByRole('heading', { name: 'Round 1' })).toBeVisible();

  await admin.getByLabel('How many').fill('1');
  await button(admin, 'Make chats').click();
  await expect(admin.getByText('1 chat can be had now.')).toBeVisible();
  expect(new URL(admin.url()).pathname).toBe(`${project}/rounds`);
}

/** Two turns, the second of them said twice: answers with the paths from the first message to each of the three answers. */
async function chat(page: Page, project: string): Promise<string[][]> {
  const box = page.getByRole('textbox', { name: 'What you say', exact: true });
  const turn = (number: number, name: string): Locator =>
    page.getByRole('article', { name: `Message ${number}, ${name}`, exact: true });
  const text = async (number: number): Promise<string> =>
    (await turn(number, 'Assistant').locator('.markdown').innerText()).trim();
  // What has ended can be judged.
  const answered = (number: number): Promise<void> =>
    expect(button(turn(number, 'Assistant'), 'Thumb up')).toBeVisible();

  await page.goto(project);
  await expect(page.getByRole('link', { name: /^Chat/ })).toBeVisible();
  await page.keyboard.press('c');
  await expect(page.getByText('You open this chat')).toBeVisible();
  await box.fill('What do herons eat?');
  await box.press('Enter');
  await answered(2);
  const first = ['What do herons eat?', await text(2)];
  await box.fill('And in winter?');
  await box.press('Enter');
  await answered(4);
  const second = [...first, 'And in winter?', await text(4)];

  await turn(3, 'You').focus();
  await page.keyboard.press('e');
  const editor = page.getByRole('textbox', { name: 'What you say instead' });
  await editor.fill('And by the sea?');
  await editor.press('Enter');
  await expect(turn(3, 'You').getByText('2 of 2')).toBeVisible();
  await answered(4);
  const third = [...first, 'And by the sea?', await text(4)];
  expect(third.at(-1)).not.toBe(second.at(-1));

  await button(turn(4, 'Assistant'), 'Thumb up').click();
  await expect(button(turn(4, 'Assistant'), 'Thumb up')).toHaveAttribute('aria-pressed', 'true');
  await button(page, 'End the chat').click();
  await expect(page.getByText('Submitted.')).toBeVisible();
  return [first, second, third];
}

/** Ranks four answers, two of them alike, by letters and digits. */
async function rank(page: Page, project: string): Promise<{ completions: string[]; places: number[] }> {
  await page.goto(project);
  await expect(page.getByRole('link', { name: /^Rank/ })).toBeVisible();
  const [response] = await Promise.all([
    page.waitForResponse((answer) => answer.url().endsWith('/claim') && answer.status() === 200),
    page.keyboard.press('r'),
  ]);
  const { assignment } = claim.response.unwrap().parse(await response.json());
  if (assignment.kind !== 'comparison') throw new Error('this is nothing to rank');
  await expect(page.getByRole('heading', { name: 'Rank 4 answers' })).toBeVisible();
  await expect(cards(page)).toHaveCount(4);
  for (const key of ['c', '1', 'a', '2', 'd', '2', 'b', '3']) await page.keyboard.press(key);
  await expect.poll(() => places(page)).toBe('1:C 2:AD 3:B');
  await page.keyboard.press('Enter');
  await expect(page.getByText('Submitted.')).toBeVisible();
  return { completions: assignment.task.completions.map(({ content }) => content), places: [2, 3, 1, 2] };
}

/** Which model wrote which completion, as the rows tell it; they must not tell two things of one. */
function modelsOf(rows: readonly PairRow[]): Record<string, string> {
  const models: Record<string, string> = {};
  for (const { chosen, rejected, chosen_model, rejected_model } of rows) {
    for (const [content, model] of [
      [chosen[0].content, chosen_model],
      [rejected[0].content, rejected_model],
    ] as const) {
      expect(models[content] ?? model).toBe(model);
      models[content] = model;
    }
  }
  return models;
}

const sameTexts = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((text, index) => text === others[index]);
