/** Models and rounds as an admin sets them up, with a scripted model server. */
import type { Page } from '@playwright/test';
import { createModel, listModels, type Model } from '../../shared/models.ts';
import { readProject } from '../../shared/projects.ts';
import { listRounds } from '../../shared/rounds.ts';
import { claim, submit } from '../../shared/tasks.ts';
import { type ModelServer, rightKey, startModelServer } from '../support/model-server.ts';
import { allowStatus, callAt, expect, type Headers, startWorld, test, type World } from './world.ts';

let world: World;
let server: ModelServer;

test.beforeAll(async () => {
  [world, server] = await Promise.all([startWorld(), startModelServer()]);
});
test.afterAll(() => Promise.all([world.stop(), server.close()]));

async function modelNamed(name: string): Promise<Model> {
  const { models } = await callAt(world.url, listModels, {}, world.admin);
  const found = models.find((model) => model.name === name);
  if (!found) throw new Error(`there is no model ${name}`);
  return found;
}

async function demo(name: string): Promise<Model> {
  return (await callAt(world.url, createModel, { body: { name, provider: 'replay' } }, world.admin)).model;
}

const field = (page: Page, name: string) => page.getByRole('textbox', { name, exact: true });
const dialog = (page: Page) => page.getByRole('dialog');

test('a server is added, checked, changed and archived; its key goes in and never comes out', async ({ browser }) => {
  const page = await world.open(browser, world.admin);
  const received: string[] = [];
  const bodies: Promise<unknown>[] = [];
  page.on('response', (response) => {
    bodies.push(
      response
        .text()
        .then((text) => received.push(text))
        .catch(() => undefined),
    );
  });
  await page.goto('/');
  await page.getByRole('link', { name: 'Models' }).click();
  await expect(page.getByText('http://127.0.0.1:11434/v1')).toBeVisible();
  await page.keyboard.press('n');
  await expect(page.getByRole('heading', { name: 'New model' })).toBeVisible();
  await field(page, 'Name').fill('A keyed one');
  await field(page, 'Base URL').fill(server.url);
  await field(page, 'Model id').fill('keyed');
  await page.getByLabel('API key').fill(rightKey);
  await page.getByLabel('Temperature').fill('0.7');
  await page.getByLabel('Stop sequences').fill('\\nUser:\n</s>');
  await page.getByLabel('Price of input').fill('0.5');
  await page.keyboard.press('Enter');

  await expect(page.getByRole('heading', { name: 'A keyed one' })).toBeVisible();
  await expect(page.getByText('Not checked yet')).toBeVisible();
  await expect(page.getByText('A key is stored. Leave empty to keep it.')).toBeVisible();
  await expect(page.getByLabel('API key')).toHaveValue('');
  await expect(page.getByLabel('Stop sequences')).toHaveValue('\\nUser:\n</s>');
  const made = await modelNamed('A keyed one');
  expect(made).toMatchObject({
    provider: 'openai',
    hasKey: true,
    parameters: { temperature: 0.7, stop: ['\nUser:', '</s>'] },
    price: { input: 0.5, output: 0 },
  });

  await page.getByRole('heading', { name: 'A keyed one' }).focus();
  await page.keyboard.press('c');
  await expect(page.getByText('Works', { exact: true })).toBeVisible();
  await expect(page.getByRole('listitem').filter({ hasText: /^\s*Yes: Streams/ })).toBeVisible();
  expect(server.last('keyed')?.authorization).toBe(`Bearer ${rightKey}`);

  await page.getByLabel('Temperature').fill('');
  await page.getByLabel('Most tokens in an answer').fill('256');
  await page.getByRole('button', { name: 'Save model' }).click();
  await expect(page.getByText('Model saved.')).toBeVisible();
  expect(await modelNamed('A keyed one')).toMatchObject({
    hasKey: true,
    parameters: { maxTokens: 256, stop: ['\nUser:', '</s>'] },
  });

  await page.getByLabel('Remove the stored key').check();
  await page.getByRole('button', { name: 'Save model' }).click();
  await expect(page.getByLabel('Remove the stored key')).toHaveCount(0);
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(page.getByText(/^Does not work: /)).toBeVisible();
  expect((await modelNamed('A keyed one')).hasKey).toBe(false);

  await page.getByRole('button', { name: 'Archive the model…' }).click();
  await dialog(page).getByRole('button', { name: 'Archive' }).click();
  await expect(page.getByRole('button', { name: 'Restore the model…' })).toBeVisible();
  await page.getByRole('link', { name: 'All models' }).click();
  await expect(page.getByText('All models are archived.')).toBeVisible();
  await page.getByText('Archived models (1)').click();
  await page.getByRole('link', { name: 'A keyed one' }).click();
  await page.getByRole('button', { name: 'Restore the model…' }).click();
  await dialog(page).getByRole('button', { name: 'Restore' }).click();
  await expect(page.getByRole('button', { name: 'Archive the model…' })).toBeVisible();

  await Promise.all(bodies);
  expect(received.some((text) => text.includes('A keyed one'))).toBe(true);
  expect(received.filter((text) => text.includes(rightKey))).toEqual([]);
});

test('what is wrong with a model is told at its field, and what was typed stays', async ({ browser }) => {
  const page = await world.open(browser, world.admin);
  allowStatus(page, 422, /\/api\/models/);
  allowStatus(page, 409, /\/api\/models/);
  await page.goto('/models/new');
  await field(page, 'Name').fill('A forbidden one');
  await field(page, 'Base URL').fill('http://169.254.169.254/v1');
  await field(page, 'Model id').fill('any');
  await page.getByLabel('API key').fill('kept while it is wrong');
  await page.getByRole('button', { name: 'Add' }).click();
  await expect(field(page, 'Base URL')).toBeFocused();
  await expect(field(page, 'Base URL')).toHaveAttribute('aria-invalid', 'true');
  await expect(field(page, 'Base URL')).toHaveValue('http://169.254.169.254/v1');
  await expect(page.getByLabel('API key')).toHaveValue('kept while it is wrong');

  // Another kind has other fields; what was typed into those of before is there when one comes back.
  await page.getByRole('radio', { name: /^Demo/ }).check();
  await expect(field(page, 'Base URL')).toHaveCount(0);
  await expect(page.getByLabel('Top p')).toHaveCount(0);
  await page.getByRole('radio', { name: /^Chat completions/ }).check();
  await expect(field(page, 'Base URL')).toHaveValue('http://169.254.169.254/v1');

  await demo('Taken');
  await page.getByRole('radio', { name: /^Demo/ }).check();
  await field(page, 'Name').fill('Taken');
  await page.getByRole('button', { name: 'Add' }).click();
  await expect(page.getByRole('alert')).toContainText('There is already a model named Taken.');
  await field(page, 'Name').fill('Not taken');
  await page.getByRole('button', { name: 'Add' }).click();
  await expect(page.getByRole('heading', { name: 'Not taken' })).toBeVisible();
});

for (const [scenario, says] of [
  ['html', /web page/],
  ['unknown-model', /^Does not work: /],
  ['wrong-key', /key/],
] as const) {
  test(`a check says what is wrong: ${scenario}`, async ({ browser }) => {
    const body = { name: `Checked: ${scenario}`, provider: 'openai', baseUrl: server.url, model: scenario } as const;
    const { model } = await callAt(world.url, createModel, { body }, world.admin);
    const page = await world.open(browser, world.admin);
    await page.goto(`/models/${model.id}`);
    await page.getByRole('button', { name: 'Check' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'Does not work: ' })).toHaveText(says);
    await expect(
      page
        .getByRole('listitem')
        .filter({ hasText: /^\s*No: / })
        .first(),
    ).toBeVisible();
    await page.getByRole('link', { name: 'All models' }).click();
    const row = page.getByRole('listitem').filter({ hasText: `Checked: ${scenario}` });
    await expect(row).toContainText('Does not work: ');
  });
}

test('a round is begun, and the next one from what it was', async ({ browser }) => {
  const project = await world.project({ name: 'With rounds' });
  const [one, two] = [await demo('Policy one'), await demo('Policy two')];
  const roundsOf = async () =>
    (await callAt(world.url, listRounds, { params: { projectId: project.id } }, world.admin)).rounds;
  const page = await world.open(browser, world.admin);
  allowStatus(page, 422, /\/rounds$/);
  await page.goto(`/projects/${project.id}/rounds`);
  await expect(page.getByText('No round has begun yet.')).toBeVisible();
  await page.getByLabel('Policy model').selectOption('Policy one');
  await page.getByLabel('Model', { exact: true }).selectOption('Policy one');
  await expect(page.getByText('the mix adds up to 3.')).toBeVisible();
  for (const box of await page.getByRole('checkbox').all()) await box.uncheck();
  await page.getByRole('button', { name: 'Start round 1…' }).click();
  await expect(page.getByText('Choose at least one kind.')).toBeVisible();
  await page.getByRole('checkbox', { name: 'Chats' }).check();
  await page.getByRole('checkbox', { name: 'Comparisons' }).check();
  await page.getByRole('button', { name: 'Start round 1…' }).click();
  await expect(dialog(page)).toContainText('Trainers chat with Policy one from now on');
  await expect(dialog(page)).toContainText('Alternatives are sampled from Policy one × 3.');
  await dialog(page).getByRole('button', { name: 'Start round 1' }).click();
  // Exactly so, for the question that is still open is headed "Start round 1?".
  await expect(page.getByRole('heading', { name: 'Round 1', exact: true })).toBeVisible();
  expect(await roundsOf()).toMatchObject([
    { number: 1, policyModel: { id: one.id }, mix: [{ model: { id: one.id }, count: 3 }], endedAt: null },
  ]);

  // Prefilled from what runs.
  await expect(page.getByLabel('Policy model')).toHaveValue(one.id);
  await expect(page.getByRole('checkbox', { name: 'Demonstrations' })).not.toBeChecked();
  await page.getByLabel('Policy model').selectOption('Policy two');
  await page.getByRole('button', { name: 'Add a model' }).click();
  await page.getByLabel('Model', { exact: true }).last().selectOption('Policy two');
  await page.getByLabel('Name (optional)').fill('The second');
  await page.getByRole('checkbox', { name: 'Comparisons' }).uncheck();
  await page.getByRole('button', { name: 'Start round 2…' }).click();
  await expect(dialog(page)).toContainText('Trainers chat with Policy two from now on');
  await expect(dialog(page)).toContainText('until now Policy one');
  await expect(dialog(page)).toContainText('No longer: comparisons');
  await dialog(page).getByRole('button', { name: 'Start round 2' }).click();
  await expect(page.getByRole('heading', { name: 'Round 2 · The second' })).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Earlier rounds' })).toBeVisible();
  const [second, first] = await roundsOf();
  expect(second).toMatchObject({ name: 'The second', policyModel: { id: two.id }, kinds: ['chat'] });
  expect(first?.endedAt).not.toBeNull();

  await page.getByLabel('How many').fill('3');
  await page.getByRole('button', { name: 'Make chats' }).click();
  await expect(page.getByText('3 chats can be had now.')).toBeVisible();
});

/** Ranks one comparison between `Better.` of `former` and `Worse.` of `latter`, for whom its prompt names. */
async function rankAsPrompted({ id }: { id: string }, as: Headers): Promise<void> {
  const answer = await callAt(world.url, claim, { params: { projectId: id }, body: { kinds: ['comparison'] } }, as);
  if (answer?.assignment.kind !== 'comparison') throw new Error('nothing to rank');
  const { completions, conversation } = answer.assignment.task;
  const label = (content: string) => completions.find((completion) => completion.content === content)?.label ?? '';
  const [former, latter] = [label('Better.'), label('Worse.')];
  const rankings = { former: [[former], [latter]], latter: [[latter], [former]], neither: [[former, latter]] };
  const ranking =
    Object.entries(rankings).find(([preferred]) => conversation[0]?.content.startsWith(preferred))?.[1] ?? [];
  await callAt(world.url, submit, { params: { assignmentId: answer.assignment.id }, body: { ranking } }, as);
}

test('who was preferred how often is told between the models of a round', async ({ browser }) => {
  const project = await world.project({ name: 'With preferences' });
  await demo('Policy three');
  const page = await world.open(browser, world.admin);
  await page.goto(`/projects/${project.id}/rounds`);
  await page.getByLabel('Policy model').selectOption('Policy three');
  await page.getByRole('button', { name: 'Start round 1…' }).click();
  await dialog(page).getByRole('button', { name: 'Start round 1' }).click();
  await expect(page.getByText('Nothing yet: no ranking of this round has completions of two models.')).toBeVisible();

  const completions = [
    { content: 'Better.', model: 'former' },
    { content: 'Worse.', model: 'latter' },
  ];
  await world.import(
    project,
    'comparisons',
    ['former', 'former again', 'latter', 'neither'].map((prompt) => ({ prompt, completions })),
  );
  const trainer = await world.trainer(project.id, 'paula');
  for (let left = 4; left > 0; left--) await rankAsPrompted(project, trainer);
  await page.getByRole('button', { name: 'Count again' }).click();
  const between = page.getByRole('region', { name: 'Preferences between the models' });
  await expect(between).toContainText(/former\s*50%\s*2 of 4/);
  await expect(between).toContainText(/Tied\s*25%\s*1 of 4/);
  await expect(between).toContainText(/latter\s*25%\s*1 of 4/);
});

test('the settings of a project say what is picked, how much must be own words, and what is done with what is found', async ({
  browser,
}) => {
  const project = await world.project({ name: 'With settings' });
  const body = { name: 'A judge', provider: 'moderations', baseUrl: server.url, model: 'instant' } as const;
  const { model: judge } = await callAt(world.url, createModel, { body }, world.admin);
  const settings = async () =>
    (await callAt(world.url, readProject, { params: { projectId: project.id } }, world.admin)).project;
  const page = await world.open(browser, world.admin);
  await page.goto(`/projects/${project.id}/settings`);
  await page.getByLabel('Least depth of a pick').fill('3');
  await page.getByLabel('Own words, in percent').fill('60');
  await page.getByLabel('Trainers may rank answers of their own chats').check();
  await page.getByRole('radio', { name: 'Hate: Block' }).check();
  await page.getByRole('radio', { name: 'Violence: Ignore' }).check();
  await page.getByRole('button', { name: 'Save settings' }).click();
  await expect(page.getByText('Settings saved.')).toBeVisible();
  expect(await settings()).toMatchObject({
    pick: { minDepth: 3 },
    ownWords: 60,
    rankOwnChats: true,
    moderation: { modelId: null, actions: { hate: 'block', violence: 'ignore', harassment: 'warn' } },
  });

  await page.getByLabel('Texts are judged by').selectOption('A judge');
  await page.getByRole('button', { name: 'Save settings' }).click();
  await expect.poll(async () => (await settings()).moderation.modelId).toBe(judge.id);
  await page.getByLabel('Text to judge').fill('A text with [hate] in it');
  await page.getByRole('button', { name: 'Judge' }).click();
  await expect(page.getByText(/Hate, by .*What is done: Block\./)).toBeVisible();
  await page.getByLabel('Text to judge').fill('A friendly sentence');
  await page.getByRole('button', { name: 'Judge' }).click();
  await expect(page.getByText(/Nothing was found, by/)).toBeVisible();
});
