/** Every page of the router: readable by everyone, at any width, and of use when there is nothing or nothing answers. */
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from '@playwright/test';
import { acceptInvitation, createToken, invite, whoAmI } from '../../shared/accounts.ts';
import { addMember, createProject, removeMember } from '../../shared/projects.ts';
import { claim, release, saveDraft, submit } from '../../shared/tasks.ts';
import {
  allow,
  allowStatus,
  callAt,
  desktop,
  expect,
  expectNoAxeViolations,
  expectNoSidewaysScroll,
  type Headers,
  password,
  phone,
  startWorld,
  test,
  type World,
} from './world.ts';

/** Markdown that is wider than a phone in every way that it can be. */
const wide = [
  '## A heading with `code` in it',
  `An unbroken word ${'verylong'.repeat(30)} and [a link](https://example.org/${'path/'.repeat(20)}).`,
  '```js\n' + `const line = '${'much longer than a phone is wide '.repeat(8)}';` + '\n```',
  `| ${'a column | '.repeat(12)}\n|${'---|'.repeat(12)}\n| ${'a cell | '.repeat(12)}`,
  '$$\\sum_{i=0}^{n} a_i x^i = ' + 'a + '.repeat(60) + '0$$',
  'مرحبا بالعالم، هذا نص من اليمين إلى اليسار.',
  '- one\n  - two\n    1. three\n\n> quoted',
].join('\n\n');

/** Names that no trainer may ever be sent. */
const secrets = ['model-name-kept-secret-1', 'model-name-kept-secret-2', 'source-kept-secret', 'earlier-ranker'];

const answers = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => ({ content: text(index), model: secrets[index % 2] }));

interface People {
  admin: Headers;
  /** A member of every project, with work done and begun. */
  trainer: Headers;
  /** A member of no project, who never did anything. */
  newcomer: Headers;
  nobody: null;
}

let world: World;
let people: People;
/** Filled into the addresses below. */
const names: Record<string, string> = {};

test.beforeAll(async () => {
  world = await startWorld();
  const { url, admin } = world;
  const full = await world.project({ name: `Full of ${'everything '.repeat(8)}`, guidelines: wide, rubric: 'instructgpt' });
  const empty = await world.project({ name: 'Empty' });
  const few = await world.project({ name: 'Two answers' });
  const many = await world.project({ name: 'Nine answers', rubric: 'instructgpt' });
  const finished = await world.project({ name: 'Finished' });

  await world.import(full, 'prompts', [
    ...Array.from({ length: 8 }, (_, index) => ({ prompt: `Prompt ${index}. ${wide}` })),
    { messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'Hello?' }] },
  ]);
  await world.import(
    full,
    'comparisons',
    Array.from({ length: 10 }, (_, index) => ({
      messages: [
        { role: 'system', content: 'You know everything.' },
        { role: 'user', content: `First question ${index}` },
        { role: 'assistant', content: wide },
        { role: 'user', content: `Second question ${index}. ${wide}` },
      ],
      completions: answers(4, (answer) => `Answer ${answer} to ${index}. ${wide}`),
      source: secrets[2],
      rankings: [{ trainer: secrets[3], ranking: [[3], [2], [1], [0]] }],
    })),
  );
  await world.import(few, 'comparisons', [{ prompt: 'Yes or no?', completions: answers(2, (index) => `Short ${index}`) }]);
  await world.import(many, 'comparisons', [{ prompt: wide, completions: answers(9, (index) => `${index}. ${wide}`) }]);
  const [done] = [{ prompt: 'Over?', completions: answers(2, (index) => `Over ${index}`) }];
  await world.import(finished, 'comparisons', [done]);

  const trainer = await world.trainer(full.id, 'tilda');
  const newcomer = await world.trainer(full.id, 'newcomer');
  people = { admin, trainer, newcomer, nobody: null };
  const { user } = await callAt(url, whoAmI, {}, trainer);
  for (const { id } of [empty, few, many, finished]) {
    await callAt(url, addMember, { params: { projectId: id, userId: user.id } }, admin);
  }
  const { user: nobodys } = await callAt(url, whoAmI, {}, newcomer);
  await callAt(url, removeMember, { params: { projectId: full.id, userId: nobodys.id } }, admin);

  for (const projectId of [full.id, finished.id]) names['submitted'] = await rankOne(projectId, trainer);
  await beginOne(full.id, trainer);

  const { token: open } = await callAt(url, invite, { body: { role: 'reviewer', projectIds: [full.id] } }, admin);
  const { token: used } = await callAt(url, invite, { body: { email: 'guest@example.org' } }, admin);
  const guest = { token: used, name: 'G'.repeat(100), email: 'guest@example.org', password };
  await callAt(url, acceptInvitation, { body: guest }, {});
  await callAt(url, createToken, { body: { name: 'A script that exports every night' } }, admin);
  await callAt(url, createProject, { body: { name: 'A name ' + 'with'.repeat(25) } }, admin);
  Object.assign(names, { full: full.id, empty: empty.id, few: few.id, many: many.id, finished: finished.id, open, used });
});
test.afterAll(() => world.stop());

/** Ranks one comparison; answers with the assignment. */
async function rankOne(projectId: string, as: Headers): Promise<string> {
  const answer = await callAt(world.url, claim, { params: { projectId }, body: { kinds: ['comparison'] } }, as);
  if (answer?.assignment.kind !== 'comparison') throw new Error('nothing to rank');
  const { id, task } = answer.assignment;
  const body = { ranking: task.completions.map(({ label }) => [label]), activeMs: 400_000 };
  await callAt(world.url, submit, { params: { assignmentId: id }, body }, as);
  return id;
}

/** Leaves a dialogue begun, and given back. */
async function beginOne(projectId: string, as: Headers): Promise<void> {
  const answer = await callAt(world.url, claim, { params: { projectId }, body: { kinds: ['demonstration'] } }, as);
  if (!answer) throw new Error('nothing to write');
  const params = { assignmentId: answer.assignment.id };
  await callAt(world.url, saveDraft, { params, body: { draft: {}, revision: 0 } }, as);
  await callAt(world.url, release, { params }, as);
}

interface Place {
  /** What this is, and for whom. */
  name: string;
  /** The page's file below `web/src`, as the router names it. */
  file: string;
  as: keyof People;
  /** With `{name}` for what `names` holds. */
  at: string;
  title: RegExp;
  /** A text or heading that is there once the page is. */
  shows: string | RegExp;
  /** What is done on the page before it is looked at. */
  after?: (page: Page) => Promise<void>;
}

const answerA = (page: Page) => page.getByRole('region', { name: 'Answer A' });
const dialog = (page: Page) => page.getByRole('dialog');

const places: Place[] = [
  { name: 'projects, for an admin', file: 'projects/ProjectsPage', as: 'admin', at: '/', title: /^Projects · /, shows: 'Nine answers' },
  { name: 'projects, for a trainer', file: 'projects/ProjectsPage', as: 'trainer', at: '/', title: /^Projects · /, shows: 'Nine answers' },
  {
    name: 'projects, for a trainer without any',
    file: 'projects/ProjectsPage',
    as: 'newcomer',
    at: '/',
    title: /^Projects · /,
    shows: 'You are not a member of a project yet.',
  },
  {
    name: 'a new project',
    file: 'projects/NewProjectPage',
    as: 'admin',
    at: '/projects/new',
    title: /^New project · /,
    shows: 'New project',
    async after(page) {
      await page.getByLabel('Guidelines').fill(wide);
      await page.getByText('Preview').click();
    },
  },
  { name: 'a project, for an admin', file: 'projects/ProgressPage', as: 'admin', at: '/projects/{full}', title: /^Full of /, shows: 'Moves as people work.' },
  { name: 'a project, for a trainer', file: 'projects/ProgressPage', as: 'trainer', at: '/projects/{full}', title: /^Full of /, shows: 'Moves as people work.' },
  {
    name: 'a project without tasks, for an admin',
    file: 'projects/ProgressPage',
    as: 'admin',
    at: '/projects/{empty}',
    title: /^Empty · /,
    shows: 'Import prompts to have dialogues written from them, or completions to have them ranked.',
  },
  {
    name: 'a project without tasks, for a trainer',
    file: 'projects/ProgressPage',
    as: 'trainer',
    at: '/projects/{empty}',
    title: /^Empty · /,
    shows: /An admin has to import prompts or completions first/,
  },
  { name: 'a project whose work is done', file: 'projects/ProgressPage', as: 'trainer', at: '/projects/{finished}', title: /^Finished · /, shows: /All are done\./ },
  { name: 'the frame of a project', file: 'projects/ProjectLayout', as: 'admin', at: '/projects/{many}', title: /^Nine answers · /, shows: 'Nine answers' },
  {
    name: 'imports, with an answer',
    file: 'imports/ImportPage',
    as: 'admin',
    at: '/projects/{empty}/import',
    title: /^Import · Empty · /,
    shows: 'Import',
    async after(page) {
      // Only bad lines, so that the project stays empty.
      const buffer = Buffer.from(`{\n{"prompt":""}\n{"${'wide'.repeat(60)}":1}\n`);
      await page.getByRole('button', { name: 'File' }).setInputFiles({ name: 'bad.jsonl', mimeType: 'text/plain', buffer });
      await page.getByRole('button', { name: 'Import' }).click();
      await expect(page.getByRole('heading', { name: 'Rejected lines' })).toBeVisible();
    },
  },
  { name: 'members', file: 'projects/MembersPage', as: 'admin', at: '/projects/{full}/members', title: /^Members · Full/, shows: 'tilda' },
  { name: 'members, where there are none', file: 'projects/MembersPage', as: 'admin', at: '/projects/{none}/members', title: /^Members · /, shows: 'This project has no members yet.' },
  { name: 'exports', file: 'releases/ExportPage', as: 'admin', at: '/projects/{full}/export', title: /^Export · Full/, shows: /rows from 11 rankings/ },
  { name: 'exports, where there is nothing', file: 'releases/ExportPage', as: 'admin', at: '/projects/{empty}/export', title: /^Export · Empty/, shows: /0 rows from 0 rankings/ },
  { name: 'settings', file: 'projects/SettingsPage', as: 'admin', at: '/projects/{full}/settings', title: /^Settings · Full/, shows: 'Save settings' },
  {
    name: 'settings, asking before the project is archived',
    file: 'projects/SettingsPage',
    as: 'admin',
    at: '/projects/{full}/settings',
    title: /^Settings · Full/,
    shows: 'Save settings',
    async after(page) {
      await page.getByRole('button', { name: 'Archive the project…' }).click();
      await expect(dialog(page)).toBeVisible();
    },
  },
  { name: 'people', file: 'accounts/PeoplePage', as: 'admin', at: '/people', title: /^People · /, shows: /accepted by GGG/ },
  {
    name: 'people, with an invitation at hand',
    file: 'accounts/PeoplePage',
    as: 'admin',
    at: '/people',
    title: /^People · /,
    shows: /accepted by GGG/,
    async after(page) {
      await page.getByRole('button', { name: 'Invite a person' }).click();
      await expect(dialog(page).getByLabel('Nine answers')).toBeVisible();
    },
  },
  { name: 'the audit log', file: 'audit/AuditPage', as: 'admin', at: '/audit', title: /^Audit log · /, shows: /accepted an invitation/ },
  { name: 'work', file: 'work/WorkPage', as: 'trainer', at: '/work', title: /^My work · /, shows: 'Begun' },
  { name: 'work, where there is none', file: 'work/WorkPage', as: 'newcomer', at: '/work', title: /^My work · /, shows: 'You have not submitted anything yet.' },
  { name: 'the profile of an admin', file: 'accounts/ProfilePage', as: 'admin', at: '/profile', title: /^Profile · /, shows: 'A script that exports every night' },
  { name: 'the profile of a trainer', file: 'accounts/ProfilePage', as: 'trainer', at: '/profile', title: /^Profile · /, shows: 'Appearance' },
  {
    name: 'the menu',
    file: 'accounts/ProfilePage',
    as: 'admin',
    at: '/profile',
    title: /^Profile · /,
    shows: 'Appearance',
    async after(page) {
      await page.getByRole('banner').getByRole('button').click();
      await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
    },
  },
  { name: 'signing in', file: 'accounts/SignInPage', as: 'nobody', at: '/sign-in', title: /^Sign in · /, shows: 'Sign in' },
  { name: 'set-up, once it is done', file: 'accounts/SetupPage', as: 'nobody', at: '/setup#token', title: /^Set up /, shows: 'This server is set up already.' },
  { name: 'an invitation', file: 'accounts/InvitationPage', as: 'nobody', at: '/invitation#{open}', title: /^Join /, shows: /You are invited as reviewer/ },
  {
    name: 'an invitation that was used',
    file: 'accounts/InvitationPage',
    as: 'nobody',
    at: '/invitation#{used}',
    title: /^Join /,
    shows: 'This invitation is used up, out of date or not complete.',
    async after(page) {
      allowStatus(page, 410, /inspect/);
    },
  },
  { name: 'a page for others', file: 'accounts/NotAllowedPage', as: 'trainer', at: '/not-allowed', title: /^Not for your role · /, shows: 'Not for your role' },
  { name: 'an unknown address', file: 'ui/NotFound', as: 'trainer', at: '/projekte', title: /^Nothing here · /, shows: 'Nothing here' },
  { name: 'ranking two answers', file: 'comparisons/RankPage', as: 'trainer', at: '/projects/{few}/rank', title: /^Rank · /, shows: 'Rank 2 answers' },
  { name: 'ranking four answers', file: 'comparisons/RankPage', as: 'trainer', at: '/projects/{full}/rank', title: /^Rank · /, shows: 'Rank 4 answers' },
  {
    name: 'ranking four answers, with all that can be opened',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{full}/rank',
    title: /^Rank · /,
    shows: 'Rank 4 answers',
    async after(page) {
      await expect(answerA(page)).toBeFocused();
      for (const key of ['2', 'Shift+5', 'f', 'g', 'Shift+C', 'Escape', 'w']) await page.keyboard.press(key);
      await expect(page.getByLabel('A better answer')).toBeFocused();
    },
  },
  {
    name: 'ranking four answers, asking why one is skipped',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{full}/rank',
    title: /^Rank · /,
    shows: 'Rank 4 answers',
    async after(page) {
      const more = page.getByRole('button', { name: 'More' });
      if (await more.isVisible()) await more.click();
      await page.getByRole('button', { name: 'Skip …' }).click();
      await expect(dialog(page)).toBeVisible();
    },
  },
  { name: 'ranking nine answers', file: 'comparisons/RankPage', as: 'trainer', at: '/projects/{many}/rank', title: /^Rank · /, shows: 'Rank 9 answers' },
  { name: 'ranking, where all is done', file: 'comparisons/RankPage', as: 'trainer', at: '/projects/{finished}/rank', title: /^Rank · /, shows: 'All comparisons of this project are done.' },
  { name: 'a ranking that was submitted', file: 'comparisons/RankPage', as: 'trainer', at: '/projects/{finished}/rank/{submitted}', title: /^Rank · /, shows: 'You have submitted this one' },
  { name: 'ranking, where there is nothing', file: 'comparisons/RankPage', as: 'trainer', at: '/projects/{empty}/rank', title: /^Rank · /, shows: 'This project has no comparisons yet.' },
  { name: 'writing', file: 'demonstrations/WritePage', as: 'trainer', at: '/projects/{full}/write', title: /^Write · /, shows: 'Write a dialogue' },
  {
    name: 'writing, with a turn written and the guidelines open',
    file: 'demonstrations/WritePage',
    as: 'trainer',
    at: '/projects/{full}/write',
    title: /^Write · /,
    shows: 'Write a dialogue',
    async after(page) {
      await page.getByRole('textbox').last().fill(wide);
      await page.keyboard.press('Escape');
      await page.keyboard.press('g');
      await expect(page.getByRole('complementary', { name: 'Guidelines' })).toBeVisible();
    },
  },
  { name: 'writing, where there is nothing', file: 'demonstrations/WritePage', as: 'trainer', at: '/projects/{empty}/write', title: /^Write · /, shows: 'This project has no dialogues yet.' },
];

const address = (at: string): string => at.replace(/\{(\w+)\}/g, (_, name: string) => names[name] ?? '');

/** Opens a place and waits until all of it is there. */
async function visit(browser: Browser, place: Place, viewport: { width: number; height: number }): Promise<Page> {
  const page = await world.open(browser, people[place.as], { viewport });
  await place.before?.(page);
  await page.goto(address(place.at));
  await expect(page.getByText(place.shows).or(page.getByRole('heading', { name: place.shows })).first()).toBeVisible();
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
  return page;
}
