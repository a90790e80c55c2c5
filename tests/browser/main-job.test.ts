/** The whole job as a newcomer does it: from the link on the server's console to the datasets, with nothing prepared. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser, Locator, Page } from '@playwright/test';
import { z } from 'zod';
import { message } from '../../shared/conversations.ts';
import { groupsOf, pairs } from '../../shared/ranking.ts';
import { origin } from '../../shared/releases.ts';
import { claim } from '../../shared/tasks.ts';
import { release } from './release.ts';
import { expect, expectNoAxeViolations, open, type Site, startSite, test } from './world.ts';

/** Real data beside the checkout, which is no part of it: 100 trees, 1,167 messages, 754 ordered pairs. */
const realTrees = fileURLToPath(new URL('../../../shared/data/oasst_en_100_tree.jsonl', import.meta.url));
const haveRealTrees = existsSync(realTrees);
const missing = 'oasst_en_100_tree.jsonl is not there, so three trees made up here stand for it';

/** The file of trees that the admin imports, and what must come of it. */
const trees = haveRealTrees
  ? { file: realTrees, lines: 100, messages: 1167, pairs: 754 }
  : {
      file: { name: 'trees.jsonl', mimeType: 'application/jsonl', buffer: madeUpTrees() },
      lines: 3,
      messages: 15,
      pairs: 18,
    };

function madeUpTrees(): Buffer {
  const lines = ['tides', 'glass', 'primes'].map((topic) => ({
    message_tree_id: topic,
    prompt: {
      role: 'prompter',
      text: `Tell me about ${topic}.`,
      replies: [0, 1, 2, 3].map((rank) => ({
        role: 'assistant',
        text: `Answer ${rank} about ${topic}.`,
        rank,
        replies: [],
      })),
    },
  }));
  return Buffer.from(lines.map((line) => JSON.stringify(line)).join('\n'));
}

const prompts = {
  name: 'prompts.jsonl',
  mimeType: 'application/jsonl',
  buffer: Buffer.from(
    [
      JSON.stringify({ prompt: 'How do I keep basil alive on a window sill?' }),
      '{"prompt": "this line is cut o',
      JSON.stringify({ prompt: 'What is a good name for a small boat?' }),
      JSON.stringify({ prompt: 'Why is the sky dark at night?' }),
    ].join('\n'),
  ),
};

/** As a line of each dataset is documented. */
const sftRow = z.strictObject({
  messages: z.array(message),
  trained: z.array(z.boolean()),
  id: z.string(),
  origin,
  trainer: z.string().nullable(),
  language: z.string().nullable(),
  source: z.string().nullable(),
  round: z.int().nullable(),
});
const pairRow = z.strictObject({
  prompt: z.array(message),
  chosen: z.tuple([message]),
  rejected: z.tuple([message]),
  origin,
  // As far as the import says; none of these were sampled here.
  chosen_model: z.string().nullable(),
  rejected_model: z.string().nullable(),
  picked: z.null(),
  group_id: z.uuid(),
  ranking_id: z.uuid(),
  k: z.int().min(2).max(9),
  weight: z.number(),
  sampling_id: z.null(),
  round: z.null(),
  distance: z.int().min(1),
  id: z.string(),
  ranker: z.string().nullable(),
  agreement: z.number().nullable(),
  language: z.string().nullable(),
  source: z.string().nullable(),
});

/** The keys of a ranking in which the first and the third answer tie for second place. */
const placesOf = (count: number): number[] => [2, 1, 2, 3, 4, 5, 6, 7, 8].slice(0, count);

let site: Site;
test.beforeAll(async () => {
  site = await startSite();
});
test.afterAll(() => site.stop());

test(`the whole job, from the setup link to the datasets${haveRealTrees ? '' : ` (${missing})`}`, async ({
  browser,
}) => {
  if (!haveRealTrees) test.info().annotations.push({ type: 'made-up data', description: missing });
  test.setTimeout(180_000);

  const admin = await test.step('the first admin, by the link on the console', () => becomeAdmin(browser));
  const { pathname: project } = await test.step('a project', () => makeProject(admin));
  await test.step('imports', () => importBoth(admin));

  const [ranker, writer] = await test.step('two trainers, by invitation', async () => {
    await admin.getByRole('navigation', { name: 'Site' }).getByRole('link', { name: 'People' }).click();
    return [await join(browser, admin, 'Rosa Ranker'), await join(browser, admin, 'Wim Writer')];
  });

  await admin.goto(project);
  await expect(admin.getByText('Moves as people work.')).toBeVisible();
  const loads: string[] = [];
  admin.on('framenavigated', (frame) => loads.push(frame.url()));
  await expect(figure(admin, 'Comparisons', 'Submitted')).toHaveText('0');
  await expect(figure(admin, 'Demonstrations', 'Submitted')).toHaveText('0');

  const ranked = await test.step('one ranks by keyboard alone', () => rank(ranker));
  await test.step("the admin's open page shows it", () =>
    expect(figure(admin, 'Comparisons', 'Submitted')).toHaveText('1'));

  const dialogue = await test.step('the other writes a dialogue', () => write(writer));
  await test.step("the admin's open page shows it, without having been loaded again", async () => {
    await expect(figure(admin, 'Demonstrations', 'Submitted')).toHaveText('1');
    expect(loads).toEqual([]);
  });

  await test.step('the datasets hold what the two made', async () => {
    const sft = (await release(admin, project, /^Dialogues/)).map((line) => sftRow.parse(JSON.parse(line)));
    expect(sft.map(({ messages, origin }) => ({ messages, origin }))).toEqual([
      { messages: dialogue, origin: 'human' },
    ]);

    const expected = pairs(groupsOf(ranked.completions.map((content, index) => [content, ranked.places[index]])));
    const rows = (await release(admin, project, /^Comparisons/)).map((line) => pairRow.parse(JSON.parse(line)));
    expect(rows).toHaveLength(trees.pairs + expected.length);

    const k = ranked.completions.length;
    for (const row of rows) expect(row.weight).toBeCloseTo(2 / (row.k * (row.k - 1)), 12);
    // The file does not say who ranked what it brought along.
    const theirs = rows.filter(({ ranker }) => ranker !== null);
    expect(
      theirs.map(({ chosen: [a], rejected: [b], distance }) => `${distance} ${a.content} > ${b.content}`).sort(),
    ).toEqual(expected.map(({ better, worse, distance }) => `${distance} ${better} > ${worse}`).sort());
    const [first] = theirs;
    for (const row of theirs) {
      expect(row).toMatchObject({ k, group_id: first?.group_id, prompt: ranked.conversation });
      // Some of the real answers are a model's; nobody here wrote any.
      expect(row.origin).not.toBe('human');
    }
    // A ranking of the same completions that came with the file stands in the same group.
    for (const row of rows.filter(({ group_id }) => group_id === first?.group_id)) {
      expect(row).toMatchObject({ prompt: ranked.conversation });
    }
  });

  await test.step('the audit log tells what the admin did', async () => {
    await admin.getByRole('navigation', { name: 'Site' }).getByRole('link', { name: 'Audit log' }).click();
    const entries = admin.getByRole('main').getByRole('listitem').getByRole('paragraph');
    await expect(entries).toHaveText([
      'Ada Admin built a release',
      'Ada Admin built a release',
      'Wim Writer accepted an invitation',
      'Ada Admin made an invitation',
      'Rosa Ranker accepted an invitation',
      'Ada Admin made an invitation',
      'Ada Admin imported a file',
      'Ada Admin imported a file',
      'Ada Admin created a project',
      'Ada Admin made an account',
    ]);
    const imported = admin.getByRole('listitem').filter({ hasText: 'imported a file' });
    await expect(imported.first()).toContainText('prompts');
    await expect(imported.last()).toContainText('oasst');
  });
});

async function becomeAdmin(browser: Browser): Promise<Page> {
  const links = (): string[] => site.server.output().match(/http\S+\/setup#\S+/g) ?? [];
  await expect.poll(links).toHaveLength(1);
  const [link = ''] = links();
  const page = await open(browser, site.url, null);
  await page.goto(link);
  await expect(page.getByText('You are making the first admin')).toBeVisible();
  await expectNoAxeViolations(page);
  await page.getByLabel('Name').fill('Ada Admin');
  await page.getByLabel('Email').fill('ada@example.org');
  await page.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
  await page.getByRole('button', { name: 'Make the admin' }).click();
  await expect(page.getByRole('heading', { name: 'Projects' })).toBeVisible();

  const second = await open(browser, site.url, null);
  await second.goto(link);
  await expect(second.getByText('This server is set up already.')).toBeVisible();
  await second.context().close();
  return page;
}

async function makeProject(admin: Page): Promise<URL> {
  await expect(admin.getByText('There is no project yet.')).toBeVisible();
  await expectNoAxeViolations(admin);
  await admin.keyboard.press('n');
  await admin.getByLabel('Name').fill('Helpful answers');
  await admin.getByLabel('Guidelines').fill('# What is good\n\nAn answer that *helps*.');
  await admin.getByRole('button', { name: 'Create and import' }).click();
  await expect(admin.getByRole('heading', { name: 'Import' })).toBeVisible();
  await expect(admin).toHaveTitle('Import · Helpful answers · Duologue');
  return new URL(admin.url().replace(/\/import$/, ''));
}

async function importBoth(admin: Page): Promise<void> {
  const report = admin.getByRole('main').getByRole('status');
  const told = (name: string): Locator => report.locator('dl > div').filter({ hasText: name }).getByRole('definition');
  await admin.getByRole('radio', { name: 'OpenAssistant trees' }).check();
  await admin.getByRole('button', { name: 'File' }).setInputFiles(trees.file);
  await admin.getByRole('button', { name: 'Import' }).click();
  await expect(report).toContainText(`${trees.lines} lines of ${trees.lines} created something.`);
  await expect(told('Messages')).toHaveText(trees.messages.toLocaleString('en'));
  await expect(told('Rejected')).toHaveText('0');

  await admin.getByRole('radio', { name: 'Prompts' }).check();
  await admin.getByRole('button', { name: 'File' }).setInputFiles(prompts);
  await admin.getByRole('button', { name: 'Import' }).click();
  await expect(report).toContainText('3 lines of 4 created something; 1 rejected, see below.');
  await expect(told('Tasks')).toHaveText('3');
  const rejected = admin.getByRole('region', { name: 'Rejected lines' }).getByRole('row');
  await expect(rejected).toHaveCount(2);
  await expect(rejected.last().getByRole('cell')).toHaveText(['2', /^is not JSON: .+/]);
}

/** Has the admin, who is on the page People, invite a trainer, who makes an account in a browser of their own. */
async function join(browser: Browser, admin: Page, name: string): Promise<Page> {
  await expect(admin.getByRole('heading', { name: 'People' })).toBeVisible();
  await admin.keyboard.press('i');
  const dialog = admin.getByRole('dialog', { name: 'Invite a person' });
  await dialog.getByLabel('Helpful answers').check();
  await dialog.getByRole('button', { name: 'Make the link' }).click();
  const link = await dialog.getByLabel('Invitation link').inputValue();
  await dialog.getByRole('button', { name: 'Done' }).click();
  await expect(dialog).toBeHidden();

  const page = await open(browser, site.url, null);
  await page.goto(link);
  await expect(page.getByText('You are invited as trainer')).toBeVisible();
  await expect(page.getByRole('listitem')).toHaveText(['Helpful answers']);
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('Email').fill(`${name.replace(' ', '.').toLowerCase()}@example.org`);
  await page.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
  await page.getByRole('button', { name: 'Make my account' }).click();
  await expect(page.getByRole('link', { name: 'Helpful answers' })).toBeVisible();
  return page;
}

/** From the list of projects to a submitted ranking, without a pointer. */
async function rank(page: Page) {
  await page.getByRole('link', { name: 'Helpful answers' }).press('Enter');
  await expect(page.getByRole('link', { name: 'Rank', exact: true })).toBeVisible();
  const [response] = await Promise.all([
    page.waitForResponse((answer) => answer.url().endsWith('/claim') && answer.status() === 200),
    page.keyboard.press('r'),
  ]);
  const { assignment } = claim.response.unwrap().parse(await response.json());
  if (assignment.kind !== 'comparison') throw new Error('this is nothing to rank');
  const { conversation, completions } = assignment.task;

  const cards = page.getByRole('region', { name: /^Answer [A-I]$/ });
  await expect(cards).toHaveCount(completions.length);
  await expect(page.getByRole('heading', { name: `Rank ${completions.length} answers` })).toBeVisible();
  await expect(cards.first()).toBeFocused();
  const places = placesOf(await cards.count());
  for (const place of places) await page.keyboard.press(String(place));
  await expect(page.getByText('All placed')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByText('Submitted.')).toBeVisible();
  await expect(page.getByText('1 done today')).toBeVisible();
  return { conversation, completions: completions.map(({ content }) => content), places };
}

/** From the list of projects to a submitted dialogue of four messages. */
async function write(page: Page) {
  await page.getByRole('link', { name: /^Write/ }).click();
  const given = page.getByRole('article', { name: 'Turn 1, User' });
  await expect(given).toBeVisible();
  const prompt = await given.locator('.text').innerText();
  await page.getByRole('article', { name: 'Turn 2, Assistant' }).getByRole('textbox').fill('First the *short* answer.');
  await page.keyboard.press('Control+Enter');
  await page.getByRole('article', { name: 'Turn 3, User' }).getByRole('textbox').fill('And the long one?');
  await page.keyboard.press('Control+Enter');
  await page
    .getByRole('article', { name: 'Turn 4, Assistant' })
    .getByRole('textbox')
    .fill('It is longer.\n\nMuch longer.');
  await page.getByRole('button', { name: 'Submit' }).click();
  await expect(page.getByText('Submitted.')).toBeVisible();
  return [
    { role: 'user', content: prompt.trim() },
    { role: 'assistant', content: 'First the *short* answer.' },
    { role: 'user', content: 'And the long one?' },
    { role: 'assistant', content: 'It is longer.\n\nMuch longer.' },
  ];
}

/** One figure of one kind of task on the project's page. */
function figure(page: Page, kind: string, name: string): Locator {
  const section = page.getByRole('region', { name: 'Progress' }).getByRole('listitem').filter({ hasText: kind });
  return section.locator('dl > div').filter({ hasText: name }).getByRole('definition');
}
