/** Releases as an admin makes them: put together with the count beside it, built, looked into, fetched, compared, removed. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import type { Project } from '../../shared/projects.ts';
import { erasePerson, listUsers } from '../../shared/accounts.ts';
import { createRelease, readRelease, type ReleaseDefinitionInput } from '../../shared/releases.ts';
import { allowStatus, callAt, expect, expectNoAxeViolations, startWorld, test, type World } from './world.ts';

let world: World;
test.beforeAll(async () => {
  world = await startWorld();
});
test.afterAll(() => world.stop());

const pairs = 40;
const many = 30_000;
const words =
  'apple boat cloud door engine field grass house island jacket kettle lamp moon needle orange paper queen river stone tower umbrella valley window yard zebra bridge candle desert eagle forest garden hammer'.split(
    ' ',
  );
/** Twelve words, of which no two of these have most in common. */
const phrase = (index: number): string =>
  Array.from(
    { length: 12 },
    (_, at) => words[(index * 7 + at * (2 * index + 3) + at * at * index) % words.length],
  ).join(' ');

/** A project with dialogues, one of which holds an email address, and comparisons that were ranked elsewhere. */
async function collected(): Promise<Project> {
  const project = await world.project({ name: 'Collected' });
  await world.import(
    project,
    'conversations',
    Array.from({ length: 30 }, (_, index) => ({
      messages: [
        { role: 'user', content: `Tell of ${phrase(index)}` },
        { role: 'assistant', content: index === 0 ? 'Write to tilda@example.org today.' : `It lies at mile ${index}.` },
      ],
    })),
  );
  await world.import(
    project,
    'comparisons',
    Array.from({ length: pairs }, (_, index) => ({
      prompt: `What rhymes with ${phrase(index + 100)}?`,
      completions: [{ content: `Much. ${'Count on. '.repeat(60)}` }, { content: `I do not know ${index}.` }],
      rankings: [{ trainer: 'earlier', ranking: [[0], [1]] }],
    })),
  );
  return project;
}

const panel = (page: Page) => page.getByRole('complementary', { name: 'What it holds now' });
const rows = (page: Page) => panel(page).locator('dl div').filter({ hasText: 'Rows' }).getByRole('definition');
/** Where the server is busy, it may not get to the end in the time that it counts for. */
const told = (count: number): RegExp => new RegExp(`^(about )?${count}$`);

test('a release is put together, built, fetched, compared and deleted', async ({ browser }) => {
  const project = await collected();
  const page = await world.open(browser, world.admin);
  await page.goto(`/projects/${project.id}/releases`);
  await expect(page.getByText('There is no release yet.')).toBeVisible();
  await page.keyboard.press('n');
  await expect(page.getByRole('heading', { name: 'New release' })).toBeVisible();

  await test.step('the count follows what is chosen, and real rows are shown', async () => {
    await expect(rows(page)).toHaveText(told(30));
    await page.getByRole('radio', { name: /^Comparisons/ }).check();
    await expect(rows(page)).toHaveText(told(pairs));
    await expect(panel(page).getByText('"chosen"').first()).toBeVisible();
    const row = panel(page).getByRole('listitem').first();
    await expect(row).toContainText(/… \(\d+ more characters\)/);
    await row.getByRole('button', { name: 'Show long texts of row 1' }).click();
    await expect(row).not.toContainText('more characters');
    await page.getByRole('radio', { name: /^OpenAI/ }).check();
    await expect(panel(page).getByText('"preferred_output"').first()).toBeVisible();
    await expectNoAxeViolations(page);
  });

  await test.step('a reload loses nothing', async () => {
    await page.getByLabel('Name (optional)').fill('The first');
    await page.getByLabel('Train', { exact: true }).fill('80');
    await page.getByLabel('Test', { exact: true }).fill('15');
    await page.reload();
    await expect(page.getByRole('radio', { name: /^OpenAI/ })).toBeChecked();
    await expect(page.getByLabel('Name (optional)')).toHaveValue('The first');
    await expect(page.getByLabel('Test', { exact: true })).toHaveValue('15');
    await expect(rows(page)).toHaveText(told(pairs));
  });

  await test.step('it is built with its key, from whichever field', async () => {
    await page.getByLabel('Notes (optional)').press('Control+Enter');
    await expect(page.getByRole('heading', { name: '#1 The first' })).toBeVisible();
    await expect(page.getByText('Ready', { exact: true })).toBeVisible();
    await expect(page.getByText(/Comparisons as OpenAI · JSON Lines · 40 rows/)).toBeVisible();
    await expect(page.getByText('80% train, 5% validation, 15% test')).toBeVisible();
    await expect(page.getByRole('row', { name: /^Train/ })).toBeVisible();
    await expectNoAxeViolations(page);
  });

  await test.step('what is fetched has the checksum that is told', async () => {
    const file = page.getByRole('region', { name: 'Files of the release' }).getByRole('row', { name: /train-/ });
    const [download] = await Promise.all([page.waitForEvent('download'), file.getByRole('link').click()]);
    const bytes = await readFile(await download.path());
    const sum = createHash('sha256').update(bytes).digest('hex');
    await expect(file.getByRole('button', { name: /^Copy the SHA-256/ })).toContainText(sum.slice(0, 12));
    const [archive] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('g')]);
    expect(archive.suggestedFilename()).toMatch(/\.tar$/);
  });

  await test.step('a new one from this begins as it was; the two are compared', async () => {
    await page.keyboard.press('n');
    await expect(page.getByText('Begun from release 1, “The first”.')).toBeVisible();
    await expect(page.getByRole('radio', { name: /^OpenAI/ })).toBeChecked();
    await expect(page.getByLabel('Train', { exact: true })).toHaveValue('80');
    await page.getByRole('radio', { name: /^TRL Messages/ }).check();
    await page.getByRole('button', { name: 'Build release' }).click();
    await expect(page.getByRole('heading', { name: /^#2 / })).toBeVisible();
    await expect(page.getByText('Ready', { exact: true })).toBeVisible();
    await page.getByLabel('From').selectOption('#1 The first');
    await expect(page.getByRole('region', { name: 'What differs in the definitions' })).toContainText(/format/i);
    await expectNoAxeViolations(page);
  });

  await test.step('it is deleted after a question', async () => {
    await page.keyboard.press('d');
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await expect(page.getByRole('heading', { name: 'Releases' })).toBeVisible();
    await expect(page.getByRole('listitem')).toHaveCount(1);
    await expect(page.getByRole('listitem')).toContainText('The first');
  });
});

test('a release that is cancelled, cannot be built, or holds what a person had deleted says so', async ({
  browser,
}) => {
  const project = await collected();
  const page = await world.open(browser, world.admin);
  const release = async (definition: ReleaseDefinitionInput): Promise<string> => {
    const input = { params: { projectId: project.id }, body: { definition } };
    return (await callAt(world.url, createRelease, input, world.admin)).release.id;
  };
  const address = (id: string): string => `/projects/${project.id}/releases/${id}`;

  await test.step('what cannot be built says why, and is built again on request', async () => {
    const id = await release({ kind: 'sft', format: 'trl', filter: { minCharacters: 1_000_000 } });
    await page.goto(address(id));
    const why = page.getByText('There is nothing of this kind yet, or nothing of it passes the filter.');
    await expect(why).toBeVisible();
    await expect(page.getByText('Failed', { exact: true })).toBeVisible();
    // Of the definition, what differs from what is usual, and nothing else.
    await expect(page.getByText('at least 1,000,000')).toBeVisible();
    await expect(page.getByText('Good or bad by')).toHaveCount(0);
    await expectNoAxeViolations(page);
    await page.keyboard.press('b');
    await expect(why).toBeVisible();
  });

  await test.step('what is deleted on a person’s request marks it, and it is not built again', async () => {
    const id = await release({ kind: 'comparisons', format: 'trl' });
    await page.goto(address(id));
    await expect(page.getByText('Ready', { exact: true })).toBeVisible();
    await expect(page.getByRole('button', { name: /^Build again/ })).toBeVisible();
    const { users } = await callAt(world.url, listUsers, {}, world.admin);
    const earlier = users.find(({ name }) => name === 'earlier');
    const input = { params: { userId: earlier?.id ?? '' }, body: { confirm: 'earlier' } };
    expect((await callAt(world.url, erasePerson, input, world.admin)).releases).toBeGreaterThan(0);
    await page.reload();
    await expect(page.getByText('It holds data that was deleted since, on a person’s request.')).toBeVisible();
    await expect(page.getByRole('button', { name: /^Build again/ })).toHaveCount(0);
    await expectNoAxeViolations(page);
    await page.goto(`/projects/${project.id}/releases`);
    await expect(page.getByText('Holds deleted data')).toBeVisible();
  });

  await test.step('one that is being built is cancelled after a question', async () => {
    // So many beginnings are looked at for some seconds.
    const prompts = Array.from({ length: many }, (_, index) => ({
      prompt: `${index}: ${phrase(index)} ${index * 31}?`,
    }));
    await world.import(project, 'prompts', prompts);
    const id = await release({ kind: 'prompts', format: 'trl' });
    await page.goto(address(id));
    await page.getByRole('button', { name: /^Cancel/ }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Stop building' }).click();
    await expect(page.getByText('It was cancelled, and what was written of it is removed.')).toBeVisible();
    await expectNoAxeViolations(page);
  });
});

test('a filter that matches nothing and shares beyond the whole are told where they stand', async ({ browser }) => {
  const project = await collected();
  const page = await world.open(browser, world.admin);
  await page.goto(`/projects/${project.id}/releases/new`);
  await expect(rows(page)).toHaveText(told(30));
  await page.getByLabel('Train', { exact: true }).fill('99');
  await expect(page.getByText('Together 109%: it must be at most 100 together.')).toBeVisible();
  await expect(panel(page).getByText('As it was before')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Build release' })).toBeDisabled();
  await page.getByLabel('Train', { exact: true }).fill('90');
  await expect(page.getByRole('button', { name: 'Build release' })).toBeEnabled();

  await page.getByRole('group', { name: 'Characters' }).getByLabel('at least').fill('1000000');
  await expect(panel(page).getByText('It cannot be built like this.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Build release' })).toBeDisabled();
  await expectNoAxeViolations(page);
  await page.getByRole('group', { name: 'Characters' }).getByLabel('at least').fill('');
  await expect(rows(page)).toHaveText(told(30));
  await expect(page.getByRole('button', { name: 'Build release' })).toBeEnabled();
});

test('the answer to an older question never replaces that to a newer one', async ({ browser }) => {
  const project = await collected();
  const page = await world.open(browser, world.admin);
  const held: (() => void)[] = [];
  await page.route(/\/releases\/preview$/, async (route) => {
    const { definition } = route.request().postDataJSON() as { definition: { kind: string } };
    if (definition.kind === 'sft') await new Promise<void>((resolve) => held.push(resolve));
    await route.continue().catch(() => undefined);
  });
  await page.goto(`/projects/${project.id}/releases/new`);
  await expect.poll(() => held.length).toBe(1);
  await page.getByRole('radio', { name: /^Comparisons/ }).check();
  await expect(rows(page)).toHaveText(told(pairs));
  for (const go of held) go();
  // Longer than the older answer takes.
  await page.waitForTimeout(500);
  await expect(rows(page)).toHaveText(told(pairs));
});

test('personal data that was found is covered until somebody wants to see it', async ({ browser }) => {
  const project = await collected();
  const definition = { kind: 'sft', format: 'trl', hygiene: { pii: 'mask' } } as const;
  const input = { params: { projectId: project.id }, body: { definition } };
  const { release } = await callAt(world.url, createRelease, input, world.admin);
  const page = await world.open(browser, world.admin);
  await page.goto(`/projects/${project.id}/releases/${release.id}`);
  await expect(page.getByText('Ready', { exact: true })).toBeVisible();
  const finding = page.getByRole('listitem').filter({ hasText: 'Email address' });
  await expect(finding).toContainText('Write to');
  await expect(page.getByText('tilda@example.org')).toHaveCount(0);
  await finding.getByRole('button', { name: 'Email address, covered: show it' }).click();
  await expect(finding).toContainText('tilda@example.org');
  await expectNoAxeViolations(page);
  const { files } = await callAt(world.url, readRelease, { params: { releaseId: release.id } }, world.admin);
  expect(files.length).toBeGreaterThan(1);
});

test('benchmark prompts are uploaded in place and chosen at once', async ({ browser }) => {
  const project = await collected();
  const page = await world.open(browser, world.admin);
  await page.goto(`/projects/${project.id}/releases/new`);
  await expect(rows(page)).toHaveText(told(30));
  await page.getByText('Upload a list of benchmark prompts').click();
  const buffer = Buffer.from(`Tell of ${phrase(3)}\n`);
  await page.getByRole('button', { name: 'One prompt on each line' }).setInputFiles({
    name: 'towns.txt',
    mimeType: 'text/plain',
    buffer,
  });
  await expect(page.getByLabel('Name of the list')).toHaveValue('towns');
  await page.getByRole('button', { name: 'Upload', exact: true }).click();
  await expect(page.getByRole('checkbox', { name: 'towns (1 prompt)' })).toBeChecked();
  await expect(rows(page)).toHaveText(told(29));
});

test('a webhook shows its secret once; a bad address is told at its field', async ({ browser }) => {
  const project = await world.project({ name: 'Hooked' });
  const page = await world.open(browser, world.admin);
  await page.goto(`/projects/${project.id}/releases`);
  await expect(page.getByText('No program is told yet.')).toBeVisible();
  allowStatus(page, 422, /\/webhooks/);
  allowStatus(page, 400, /\/webhooks/);
  await page.getByLabel('Address').fill('ftp://example.org');
  await page.getByLabel('Address').press('Enter');
  await expect(page.getByText('must be an http or https address')).toBeVisible();
  await expect(page.getByLabel('Address')).toBeFocused();
  await page.getByLabel('Address').fill('http://127.0.0.1:9/hook');
  await page.getByRole('button', { name: 'Add webhook' }).click();
  await expect(page.getByLabel('The signing secret')).toHaveValue(/^whsec_/);
  await page.getByRole('button', { name: 'Send a test' }).click();
  await expect(page.getByRole('listitem')).not.toContainText('Nothing was sent yet.');
  await expectNoAxeViolations(page);
  await page.reload();
  await expect(page.getByRole('listitem')).toContainText('http://127.0.0.1:9/hook');
  await expect(page.getByLabel('The signing secret')).toHaveCount(0);
  await page.getByRole('button', { name: /^Remove/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('No program is told yet.')).toBeVisible();
});
