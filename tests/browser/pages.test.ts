/** Every page of the router: readable by everyone, at any width, and of use when there is nothing or nothing answers. */
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from '@playwright/test';
import { acceptInvitation, createToken, invite, whoAmI } from '../../shared/accounts.ts';
import { openChats, say } from '../../shared/chats.ts';
import { giveFeedback } from '../../shared/feedback.ts';
import { checkModel, createModel } from '../../shared/models.ts';
import { disputeVerdict } from '../../shared/moderation.ts';
import { addMember, removeMember } from '../../shared/projects.ts';
import { startRound } from '../../shared/rounds.ts';
import { samplePool } from '../../shared/samplings.ts';
import { claim, saveDraft, submit } from '../../shared/tasks.ts';
import { startTalk } from './talk.ts';
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

// There are many pages here, and a trace of each would take half of the time.
test.use({ trace: 'off' });

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
const secrets = [
  'model-name-kept-secret-1',
  'model-name-kept-secret-2',
  'source-kept-secret',
  'earlier-ranker',
  'policy-kept-secret',
];

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
  const full = await world.project({
    name: `Full of ${'everything '.repeat(8)}`,
    guidelines: wide,
    rubric: 'instructgpt',
    // One ranking of each comes along with the import.
    overlap: { comparison: 2 },
  });
  const empty = await world.project({ name: 'Empty' });
  const few = await world.project({ name: 'Two answers' });
  const many = await world.project({ name: 'Nine answers', rubric: 'instructgpt' });
  const finished = await world.project({ name: 'Finished' });

  const policy = { name: `policy-kept-secret ${'long '.repeat(12)}`, provider: 'replay' } as const;
  const { model } = await callAt(url, createModel, { body: policy }, admin);
  await callAt(url, checkModel, { params: { modelId: model.id } }, admin);
  const served = {
    provider: 'openai',
    baseUrl: `http://127.0.0.1:9/${'path/'.repeat(20)}`,
    model: 'm'.repeat(200),
  } as const;
  const parameters = { temperature: 0.7, stop: ['\n'] };
  const body = { ...served, name: 'Served', apiKey: 'a-key', parameters, price: { input: 0.5, output: 1.25 } };
  names['served'] = (await callAt(url, createModel, { body }, admin)).model.id;
  const mix = [
    { modelId: model.id, count: 2 },
    { modelId: names['served'], count: 2 },
  ];
  const begun = {
    name: 'Begun',
    policyModelId: model.id,
    mix,
    kinds: ['demonstration', 'chat', 'comparison'] as const,
  };
  await callAt(url, startRound, { params: { projectId: full.id }, body: { ...begun, kinds: [...begun.kinds] } }, admin);
  Object.assign(names, { policy: model.id });

  await world.import(full, 'prompts', [
    ...Array.from({ length: 8 }, (_, index) => ({ prompt: `Prompt ${index}. ${wide}` })),
    {
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hello?' },
      ],
    },
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
  await world.import(few, 'comparisons', [
    { prompt: 'Yes or no?', completions: answers(2, (index) => `Short ${index}`) },
  ]);
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
  await callAt(url, openChats, { params: { projectId: full.id }, body: { opening: 'none', count: 3 } }, admin);
  await beginChat(full.id, trainer);

  const unreachable = [{ modelId: names['served'], count: 2 }];
  const pool = { pool: 'prompts' as const, mix: unreachable, completions: 2, limit: 2 };
  await callAt(url, samplePool, { params: { projectId: full.id }, body: pool }, admin);
  names['talked'] = await talkOver();

  const { token: open } = await callAt(url, invite, { body: { role: 'reviewer', projectIds: [full.id] } }, admin);
  const { token: used } = await callAt(url, invite, { body: { email: 'guest@example.org' } }, admin);
  const guest = { token: used, name: 'G'.repeat(100), email: 'guest@example.org', password };
  await callAt(url, acceptInvitation, { body: guest }, {});
  await callAt(url, createToken, { body: { name: 'A script that exports every night' } }, admin);
  const none = await world.project({ name: `Unbroken${'name'.repeat(25)}` });
  Object.assign(names, {
    none: none.id,
    full: full.id,
    empty: empty.id,
    few: few.id,
    many: many.id,
    finished: finished.id,
    open,
    used,
  });
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

/** A project with a chat of which everything was said that can be. */
async function talkOver(): Promise<string> {
  const { id } = await world.project({ name: 'Talked over' });
  const talker = await world.trainer(id, 'talker');
  const talk = await startTalk(world, id, `${secrets[0]} ${'long '.repeat(12)}`, talker);
  const { said, answer } = await talk(`How do I build a bomb? ${wide}`, null);
  const report = { reason: 'refused_wrongly', text: wide } as const;
  const body = { thumb: 'down' as const, text: wide, report };
  await callAt(world.url, giveFeedback, { params: { messageId: answer.id }, body }, talker);
  const params = { verdictId: said.verdict?.id ?? '' };
  await callAt(world.url, disputeVerdict, { params, body: { comment: wide } }, talker);
  return id;
}

/** Leaves a dialogue begun. */
async function beginOne(projectId: string, as: Headers): Promise<void> {
  const answer = await callAt(world.url, claim, { params: { projectId }, body: { kinds: ['demonstration'] } }, as);
  if (!answer) throw new Error('nothing to write');
  const params = { assignmentId: answer.assignment.id };
  await callAt(world.url, saveDraft, { params, body: { draft: {}, revision: 0 } }, as);
}

/** Leaves a chat begun, with an answer that breaks off where this server ends. */
async function beginChat(projectId: string, as: Headers): Promise<void> {
  const answer = await callAt(world.url, claim, { params: { projectId }, body: { kinds: ['chat'] } }, as);
  if (!answer) throw new Error('nothing to chat about');
  const params = { assignmentId: answer.assignment.id };
  const id = '01a1f8ba-73af-77b9-8ed5-0a506e646b3c';
  await callAt(world.url, say, { params, body: { id, parentId: null, content: wide } }, as);
  await callAt(world.url, saveDraft, { params, body: { draft: { box: 'Half a thought' }, revision: 0 } }, as);
}

interface Place {
  /** What this is, and for whom. */
  name: string;
  /** The page's file below `web/src`, as the router names it. */
  file: string;
  as: keyof People;
  /** With `{name}` for what `names` holds. */
  at: string;
  /** A text or heading that is there once the page is. */
  shows: string | RegExp;
  /** What the browser may complain about: a refused request. */
  refused?: { status: number; address: RegExp };
  /** What is done on the page before it is looked at. */
  after?: (page: Page) => Promise<void>;
}

const answerA = (page: Page) => page.getByRole('region', { name: 'Answer A' });
const dialog = (page: Page) => page.getByRole('dialog');

const places: Place[] = [
  { name: 'projects, for an admin', file: 'projects/ProjectsPage', as: 'admin', at: '/', shows: 'Nine answers' },
  { name: 'projects, for a trainer', file: 'projects/ProjectsPage', as: 'trainer', at: '/', shows: 'Nine answers' },
  {
    name: 'projects, for a trainer without any',
    file: 'projects/ProjectsPage',
    as: 'newcomer',
    at: '/',
    shows: 'You are not a member of a project yet.',
  },
  {
    name: 'a new project',
    file: 'projects/NewProjectPage',
    as: 'admin',
    at: '/projects/new',
    shows: 'New project',
    async after(page) {
      await page.getByLabel('Guidelines').fill(wide);
      await page.getByText('Preview').click();
    },
  },
  {
    name: 'a project, for an admin',
    file: 'projects/ProgressPage',
    as: 'admin',
    at: '/projects/{full}',
    shows: 'Moves as people work.',
  },
  {
    name: 'a project, for a trainer',
    file: 'projects/ProgressPage',
    as: 'trainer',
    at: '/projects/{full}',
    shows: 'Moves as people work.',
  },
  {
    name: 'a project without tasks, for an admin',
    file: 'projects/ProgressPage',
    as: 'admin',
    at: '/projects/{empty}',
    shows: 'Import prompts to have dialogues written from them, or completions to have them ranked.',
  },
  {
    name: 'a project without tasks, for a trainer',
    file: 'projects/ProgressPage',
    as: 'trainer',
    at: '/projects/{empty}',
    shows: /An admin has to import prompts or completions first/,
  },
  {
    name: 'a project whose work is done',
    file: 'projects/ProgressPage',
    as: 'trainer',
    at: '/projects/{finished}',
    shows: /All are done\./,
  },
  {
    name: 'the frame of a project',
    file: 'projects/ProjectLayout',
    as: 'admin',
    at: '/projects/{many}',
    shows: 'Nine answers',
  },
  {
    name: 'imports, with an answer',
    file: 'imports/ImportPage',
    as: 'admin',
    at: '/projects/{empty}/import',
    shows: 'Import',
    async after(page) {
      // Only bad lines, so that the project stays empty.
      const buffer = Buffer.from(`{\n{"prompt":""}\n{"${'wide'.repeat(60)}":1}\n`);
      await page
        .getByRole('button', { name: 'File' })
        .setInputFiles({ name: 'bad.jsonl', mimeType: 'text/plain', buffer });
      await page.getByRole('button', { name: 'Import' }).click();
      await expect(page.getByRole('heading', { name: 'Rejected lines' })).toBeVisible();
    },
  },
  { name: 'members', file: 'projects/MembersPage', as: 'admin', at: '/projects/{full}/members', shows: 'tilda' },
  {
    name: 'members, where there are none',
    file: 'projects/MembersPage',
    as: 'admin',
    at: '/projects/{none}/members',
    shows: 'This project has no members yet.',
  },
  {
    name: 'exports',
    file: 'releases/ExportPage',
    as: 'admin',
    at: '/projects/{full}/export',
    shows: /rows from 11 rankings/,
  },
  {
    name: 'exports, where there is nothing',
    file: 'releases/ExportPage',
    as: 'admin',
    at: '/projects/{empty}/export',
    shows: /0 rows from 0 rankings/,
  },
  {
    name: 'settings',
    file: 'projects/SettingsPage',
    as: 'admin',
    at: '/projects/{full}/settings',
    shows: 'Save settings',
  },
  {
    name: 'settings, asking before the project is archived',
    file: 'projects/SettingsPage',
    as: 'admin',
    at: '/projects/{full}/settings',
    shows: 'Save settings',
    async after(page) {
      await page.getByRole('button', { name: 'Archive the project…' }).click();
      await expect(dialog(page)).toBeVisible();
    },
  },
  {
    name: 'models',
    file: 'models/ModelsPage',
    as: 'admin',
    at: '/models',
    shows: 'Served',
  },
  {
    name: 'models, where there are none',
    file: 'models/ModelsPage',
    as: 'admin',
    at: '/models',
    shows: 'Served',
    async after(page) {
      await page.route(/\/api\/models$/, (route) => route.fulfill({ json: { models: [] } }));
      await page.reload();
      await expect(page.getByText('There is no model yet.')).toBeVisible();
    },
  },
  {
    name: 'a new model',
    file: 'models/NewModelPage',
    as: 'admin',
    at: '/models/new',
    shows: 'New model',
  },
  {
    name: 'a model of a server',
    file: 'models/ModelPage',
    as: 'admin',
    at: '/models/{served}',
    shows: 'Remove the stored key',
    async after(page) {
      await page.getByRole('button', { name: 'Check' }).click();
      await expect(page.getByText(/^Does not work: /)).toBeVisible();
    },
  },
  {
    name: 'a model of the demo, asking before it is archived',
    file: 'models/ModelPage',
    as: 'admin',
    at: '/models/{policy}',
    shows: 'Works',
    async after(page) {
      await page.getByRole('button', { name: 'Archive the model…' }).click();
      await expect(dialog(page)).toBeVisible();
    },
  },
  {
    name: 'a model that is not there',
    file: 'models/ModelPage',
    as: 'admin',
    at: '/models/nothing',
    shows: 'There is no such model.',
  },
  {
    name: 'rounds',
    file: 'rounds/RoundsPage',
    as: 'admin',
    at: '/projects/{full}/rounds',
    shows: 'Round 1 · Begun',
  },
  {
    name: 'rounds, asking before the next one begins',
    file: 'rounds/RoundsPage',
    as: 'admin',
    at: '/projects/{full}/rounds',
    shows: 'Round 1 · Begun',
    async after(page) {
      await page.getByRole('button', { name: 'Start round 2…' }).click();
      await expect(dialog(page)).toContainText('Trainers chat with policy-kept-secret');
    },
  },
  {
    name: 'rounds, before the first',
    file: 'rounds/RoundsPage',
    as: 'admin',
    at: '/projects/{empty}/rounds',
    shows: 'No round has begun yet.',
  },
  {
    name: 'sampling',
    file: 'samplings/SamplingPage',
    as: 'admin',
    at: '/projects/{full}/sampling',
    shows: /of 2 · /,
  },
  {
    name: 'sampling, with what is asked of a pool',
    file: 'samplings/SamplingPage',
    as: 'admin',
    at: '/projects/{full}/sampling',
    shows: /of 2 · /,
    async after(page) {
      await page.getByRole('button', { name: 'Sample a pool…' }).click();
      await dialog(page).getByRole('button', { name: 'Add a model' }).click();
      await dialog(page).getByText('Parameters', { exact: true }).click();
      await expect(dialog(page).getByLabel('Temperature')).toBeVisible();
    },
  },
  {
    name: 'sampling, where there is none',
    file: 'samplings/SamplingPage',
    as: 'admin',
    at: '/projects/{empty}/sampling',
    shows: 'Nothing was sampled yet.',
  },
  {
    name: 'side by side, for an admin, with answers',
    file: 'side-by-side/SideBySidePage',
    as: 'admin',
    at: '/projects/{full}/side-by-side',
    shows: 'Choose two models or more',
    async after(page) {
      for (const name of [/policy-kept-secret/, /model-name-kept-secret/])
        await page.getByRole('checkbox', { name }).check();
      await page.getByLabel('Prompt').fill(wide);
      await page.getByRole('button', { name: 'Send' }).click();
      await expect(page.getByText('2 answers', { exact: true })).toBeVisible({ timeout: 30_000 });
    },
  },
  {
    name: 'side by side, for a trainer',
    file: 'side-by-side/SideBySidePage',
    as: 'trainer',
    at: '/projects/{full}/side-by-side',
    shows: 'Write every turn first',
    async after(page) {
      await page.getByRole('button', { name: 'Add an answer and a turn' }).click();
      await page.getByRole('button', { name: 'Add a system message' }).click();
      await expect(page.getByRole('textbox')).toHaveCount(4);
    },
  },
  {
    name: 'side by side, before the first round',
    file: 'side-by-side/SideBySidePage',
    as: 'trainer',
    at: '/projects/{empty}/side-by-side',
    shows: 'No model can be asked yet.',
  },
  {
    name: 'feedback',
    file: 'feedback/FeedbackPage',
    as: 'admin',
    at: '/projects/{talked}/feedback',
    shows: 'Thumb down',
    async after(page) {
      await page
        .getByRole('button', { name: /^Show all/ })
        .first()
        .click();
    },
  },
  {
    name: 'feedback, where there is none',
    file: 'feedback/FeedbackPage',
    as: 'admin',
    at: '/projects/{empty}/feedback',
    shows: 'Nobody has said anything yet.',
  },
  {
    name: 'disputes of moderation, with a text shown',
    file: 'moderation/ModerationPage',
    as: 'admin',
    at: '/projects/{talked}/moderation',
    shows: 'Judged, though it is fine',
    async after(page) {
      await page.getByText(/^Show the text/).click();
    },
  },
  {
    name: 'disputes of moderation, where there are none',
    file: 'moderation/ModerationPage',
    as: 'admin',
    at: '/projects/{empty}/moderation',
    shows: 'Nothing is disputed.',
  },
  { name: 'people', file: 'accounts/PeoplePage', as: 'admin', at: '/people', shows: /accepted by GGG/ },
  {
    name: 'people, with an invitation at hand',
    file: 'accounts/PeoplePage',
    as: 'admin',
    at: '/people',
    shows: /accepted by GGG/,
    async after(page) {
      await page.getByRole('button', { name: 'Invite a person' }).click();
      await expect(dialog(page).getByLabel('Nine answers')).toBeVisible();
    },
  },
  { name: 'the audit log', file: 'audit/AuditPage', as: 'admin', at: '/audit', shows: /accepted an invitation/ },
  { name: 'work', file: 'work/WorkPage', as: 'trainer', at: '/work', shows: 'Begun' },
  {
    name: 'work, where there is none',
    file: 'work/WorkPage',
    as: 'newcomer',
    at: '/work',
    shows: 'You have not submitted anything yet.',
  },
  {
    name: 'the profile of an admin',
    file: 'accounts/ProfilePage',
    as: 'admin',
    at: '/profile',
    shows: 'A script that exports every night',
  },
  {
    name: 'the profile of a trainer',
    file: 'accounts/ProfilePage',
    as: 'trainer',
    at: '/profile',
    shows: 'Appearance',
  },
  {
    name: 'the menu',
    file: 'accounts/ProfilePage',
    as: 'admin',
    at: '/profile',
    shows: 'Appearance',
    async after(page) {
      await page.getByRole('banner').getByRole('button').click();
      await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
    },
  },
  { name: 'signing in', file: 'accounts/SignInPage', as: 'nobody', at: '/sign-in', shows: 'Sign in' },
  {
    name: 'set-up, once it is done',
    file: 'accounts/SetupPage',
    as: 'nobody',
    at: '/setup#token',
    shows: 'This server is set up already.',
  },
  {
    name: 'an invitation',
    file: 'accounts/InvitationPage',
    as: 'nobody',
    at: '/invitation#{open}',
    shows: /You are invited as reviewer/,
  },
  {
    name: 'an invitation that was used',
    file: 'accounts/InvitationPage',
    as: 'nobody',
    at: '/invitation#{used}',
    shows: 'This invitation is used up, out of date or not complete.',
    refused: { status: 410, address: /inspect/ },
  },
  {
    name: 'a page for others',
    file: 'accounts/NotAllowedPage',
    as: 'trainer',
    at: '/not-allowed',
    shows: 'Not for your role',
  },
  { name: 'an unknown address', file: 'ui/NotFound', as: 'trainer', at: '/projekte', shows: 'Nothing here' },
  {
    name: 'ranking two answers',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{few}/rank',
    shows: 'Rank 2 answers',
  },
  {
    name: 'ranking four answers',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{full}/rank',
    shows: 'Rank 4 answers',
  },
  {
    name: 'ranking four answers, with all that can be opened',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{full}/rank',
    shows: 'Rank 4 answers',
    async after(page) {
      // Which one it is depends on what was placed at the visit before.
      await expect(page.getByRole('region', { name: /^Answer/ }).and(page.locator(':focus'))).toBeVisible();
      for (const key of ['2', 'Shift+5', 'f', 'g', 'Shift+C', 'Escape', 'w']) await page.keyboard.press(key);
      await expect(page.getByLabel('A better answer')).toBeFocused();
    },
  },
  {
    name: 'ranking four answers, asking why one is skipped',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{full}/rank',
    shows: 'Rank 4 answers',
    async after(page) {
      const more = page.getByRole('button', { name: 'More' });
      if (await more.isVisible()) await more.click();
      await page.getByRole('button', { name: 'Skip …' }).click();
      await expect(dialog(page)).toBeVisible();
    },
  },
  {
    name: 'ranking nine answers',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{many}/rank',
    shows: 'Rank 9 answers',
  },
  {
    name: 'ranking, where all is done',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{finished}/rank',
    shows: 'All comparisons of this project are done.',
  },
  {
    name: 'a ranking that was submitted',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{finished}/rank/{submitted}',
    shows: 'You have submitted this one',
  },
  {
    name: 'ranking, where there is nothing',
    file: 'comparisons/RankPage',
    as: 'trainer',
    at: '/projects/{empty}/rank',
    shows: 'This project has no comparisons yet.',
  },
  {
    name: 'writing',
    file: 'demonstrations/WritePage',
    as: 'trainer',
    at: '/projects/{full}/write',
    shows: 'Write a dialogue',
  },
  {
    name: 'writing, with a turn written and the guidelines open',
    file: 'demonstrations/WritePage',
    as: 'trainer',
    at: '/projects/{full}/write',
    shows: 'Write a dialogue',
    async after(page) {
      // At the second visit the turn is written already.
      const edit = page.getByRole('article').last().getByRole('button', { name: 'Edit', exact: true });
      await expect(page.getByRole('textbox').or(edit).first()).toBeVisible();
      if (await edit.isVisible()) await edit.click();
      await page.getByRole('textbox').fill(wide);
      await page.keyboard.press('Escape');
      await page.keyboard.press('g');
      await expect(page.getByRole('complementary', { name: 'Guidelines' })).toBeVisible();
    },
  },
  {
    name: 'writing, where there is nothing',
    file: 'demonstrations/WritePage',
    as: 'trainer',
    at: '/projects/{empty}/write',
    shows: 'This project has no dialogues yet.',
  },
  {
    name: 'chatting',
    file: 'chats/ChatPage',
    as: 'trainer',
    at: '/projects/{full}/chat',
    shows: 'A heading with code in it',
  },
  {
    name: 'chatting, with a message being edited and the guidelines open',
    file: 'chats/ChatPage',
    as: 'trainer',
    at: '/projects/{full}/chat',
    shows: /^Chat$/,
    async after(page) {
      // At the second visit it is open already.
      const edit = page.getByRole('article').first().getByRole('button', { name: 'Edit', exact: true });
      const editor = page.getByRole('textbox', { name: 'What you say instead' });
      await expect(edit.or(editor)).toBeVisible();
      if (await edit.isVisible()) await edit.click();
      await editor.fill(wide);
      await page.getByRole('button', { name: 'Guidelines' }).click();
      await expect(page.getByRole('complementary', { name: 'Guidelines' })).toBeVisible();
    },
  },
  {
    name: 'chatting, where there is nothing',
    file: 'chats/ChatPage',
    as: 'trainer',
    at: '/projects/{empty}/chat',
    shows: 'This project has no chats yet.',
  },
];

const address = (at: string): string => at.replace(/\{(\w+)\}/g, (_, name: string) => names[name] ?? '');

/** Opens a place and waits until all of it is there. */
async function visit(browser: Browser, place: Place, viewport: { width: number; height: number }): Promise<Page> {
  const page = await world.open(browser, people[place.as], { viewport });
  if (place.refused) allowStatus(page, place.refused.status, place.refused.address);
  await page.goto(address(place.at));
  await expect(
    page
      .getByText(place.shows)
      .or(page.getByRole('heading', { name: place.shows }))
      .first(),
  ).toBeVisible();
  await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
  return page;
}

for (const place of places) {
  test(`${place.name}: nothing for axe to find, and no wider than the window`, async ({ browser }) => {
    const backgrounds = new Set<string>();
    for (const viewport of [desktop, phone]) {
      const page = await visit(browser, place, viewport);
      await expect(page).toHaveTitle(/^.+ · Duologue$/);
      if (viewport === desktop) await openKeyboardHelp(page);
      await place.after?.(page);
      for (const colorScheme of ['light', 'dark'] as const) {
        await test.step(`${viewport.width} px, ${colorScheme}`, async () => {
          await page.emulateMedia({ colorScheme });
          backgrounds.add(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
          // What is dark differs from what is light in its colours alone.
          await expectNoAxeViolations(page, colorScheme === 'dark' ? { only: 'colours' } : {});
          await expectNoSidewaysScroll(page);
        });
      }
    }
    expect(backgrounds.size, 'light and dark differ').toBe(2);
  });
}

/** `?` lists the page's keys, unless somebody is typing; Escape takes the list away. */
async function openKeyboardHelp(page: Page): Promise<void> {
  if (await page.locator(':is(input, textarea):focus').isVisible()) await page.getByRole('main').focus();
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keyboard' });
  await expect(help.getByText('This list')).toBeVisible();
  await expectNoAxeViolations(page, { within: 'dialog[open]' });
  await page.keyboard.press('Escape');
  await expect(help).toBeHidden();
}

test('the table above has every page of the router', async () => {
  const router = await readFile(new URL('../../web/src/router.ts', import.meta.url), 'utf8');
  const pages = [...router.matchAll(/import\('\.\/([^']+)\.svelte'\)/g)].map(([, file]) => file);
  expect(pages.length).toBeGreaterThan(10);
  const told = new Set(places.map(({ file }) => file));
  expect(pages.filter((file) => file !== undefined && !told.has(file))).toEqual([]);
});

const adminPages = places.filter(
  ({ as, file, name }) =>
    as === 'admin' && !/ProjectsPage|ProgressPage|ProfilePage|ProjectLayout|SideBySidePage/.test(file) && name,
);

test('a trainer is kept from the pages of admins, and sees no way to them', async ({ browser }) => {
  const page = await world.open(browser, people.trainer);
  const asked: string[] = [];
  page.on('response', (response) => {
    if (response.status() === 403) asked.push(response.url());
  });
  const addresses = new Set(adminPages.map(({ at }) => address(at)));
  expect(addresses.size).toBeGreaterThan(6);
  for (const at of addresses) {
    await page.goto(at);
    await expect(page.getByRole('heading', { name: 'Not for your role' }), at).toBeVisible();
    await expect(page).toHaveURL('/not-allowed');
  }
  for (const { at } of places.filter(({ as }) => as === 'trainer')) {
    await page.goto(address(at));
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
    const ways = page.locator(
      [
        'models',
        'rounds',
        'sampling',
        'feedback',
        'moderation',
        'people',
        'audit',
        'new',
        'import',
        'members',
        'export',
        'settings',
      ]
        .map((name) => `a[href$="/${name}"]`)
        .join(),
    );
    await expect(ways, at).toHaveCount(0);
  }
  expect(asked).toEqual([]);
});

test('whoever is not signed in is asked to, and led back to where they wanted to go', async ({ browser }) => {
  const page = await world.open(browser, null);
  for (const { at } of places.filter(({ as }) => as !== 'nobody')) {
    const wanted = address(at);
    await page.goto(wanted);
    await expect(page.getByRole('heading', { name: 'Sign in' }), at).toBeVisible();
    await expect(page).toHaveURL(wanted === '/' ? '/sign-in' : `/sign-in?from=${encodeURIComponent(wanted)}`);
  }
});

/** What a page says where one of its questions gets no answer. */
const failures: { at: string; as?: keyof People; question: RegExp; says: string; then: string | RegExp }[] = [
  { at: '/', question: /\/api\/projects$/, says: 'The projects could not be loaded.', then: 'Nine answers' },
  { at: '/', question: /\/api\/session$/, says: 'Duologue could not be loaded.', then: 'Nine answers' },
  {
    at: '/projects/{many}',
    question: /\/api\/projects\/[^/]+$/,
    says: 'The project could not be loaded.',
    then: 'Nine answers',
  },
  {
    at: '/projects/{many}',
    question: /\/progress$/,
    says: 'The progress could not be loaded.',
    then: 'Moves as people work.',
  },
  {
    at: '/projects/{full}',
    question: /\/queue\?/,
    says: 'What there is for you to do could not be loaded.',
    then: /open place/,
  },
  {
    at: '/projects/{full}/members',
    question: /\/api\/.*\/members$/,
    says: 'The members could not be loaded.',
    then: 'tilda',
  },
  {
    at: '/projects/{full}/export',
    question: /\/api\/.*\/exports$/,
    says: 'The counts could not be loaded.',
    then: /rows from 11 rankings/,
  },
  { at: '/models', question: /\/api\/models$/, says: 'The models could not be loaded.', then: 'Served' },
  {
    at: '/projects/{full}/rounds',
    question: /\/api\/.*\/rounds$/,
    says: 'The rounds could not be loaded.',
    then: 'Round 1 · Begun',
  },
  {
    at: '/projects/{full}/chat',
    as: 'trainer',
    question: /\/api\/.*\/chat$/,
    says: 'The chat could not be loaded.',
    then: 'This is a demo: no model is asked.',
  },
  {
    at: '/projects/{full}/sampling',
    question: /\/samplings\?/,
    says: 'The samplings could not be loaded.',
    then: /of 2 · /,
  },
  {
    at: '/projects/{full}/side-by-side',
    question: /\/api\/models$/,
    says: 'The models could not be loaded.',
    then: /policy-kept-secret/,
  },
  {
    at: '/projects/{talked}/feedback',
    question: /\/feedback\?/,
    says: 'The feedback could not be loaded.',
    then: 'Thumb down',
  },
  {
    at: '/projects/{talked}/moderation',
    question: /\/disputes(\?|$)/,
    says: 'The disputes could not be loaded.',
    then: 'Judged, though it is fine',
  },
  { at: '/people', question: /\/api\/users$/, says: 'The accounts could not be loaded.', then: /tilda@example\.org/ },
  {
    at: '/people',
    question: /\/api\/invitations$/,
    says: 'The invitations could not be loaded.',
    then: /accepted by GGG/,
  },
  {
    at: '/audit',
    question: /\/api\/audit/,
    says: 'The audit log could not be loaded.',
    then: /accepted an invitation/,
  },
  { at: '/work', as: 'trainer', question: /\/api\/work\?/, says: 'Your work could not be loaded.', then: 'Begun' },
  {
    at: '/profile',
    question: /\/api\/tokens$/,
    says: 'Your tokens could not be loaded.',
    then: 'A script that exports every night',
  },
  {
    at: '/invitation#{open}',
    as: 'nobody',
    question: /\/inspect/,
    says: 'The invitation could not be loaded.',
    then: /You are invited as reviewer/,
  },
  {
    at: '/setup#token',
    as: 'nobody',
    question: /\/api\/setup$/,
    says: 'The state of the server could not be loaded.',
    then: 'This server is set up already.',
  },
];

for (const { at, as = 'admin', question, says, then } of failures) {
  test(`${at}: ${says}`, async ({ browser }) => {
    const page = await world.open(browser, people[as]);
    allow(page, /net::ERR_|status of 500/);
    for (const fails of ['offline', 'broken'] as const) {
      await page.route(question, (route) =>
        fails === 'offline' ? route.abort() : route.fulfill({ status: 500, body: 'no' }),
      );
      await page.goto('about:blank');
      await page.goto(address(at));
      const alert = page.getByRole('alert').filter({ hasText: says });
      await expect(alert).toContainText(fails === 'offline' ? 'The server cannot be reached.' : 'HTTP status 500');
      await expectNoAxeViolations(page);
      await alert.getByRole('button', { name: 'Try again' }).click();
      await expect(alert).toBeVisible();
      await page.unroute(question);
      await alert.getByRole('button', { name: 'Try again' }).click();
      await expect(alert).toBeHidden();
      await expect(page.getByRole('main').getByText(then).first()).toBeVisible();
    }
  });
}

for (const [name, at, then] of [
  ['rank', '/projects/{many}/rank', 'Rank 9 answers'],
  ['write', '/projects/{full}/write', 'Write a dialogue'],
] as const) {
  test(`where no work can be fetched, the page to ${name} says so and can try again`, async ({ browser }) => {
    const page = await world.open(browser, people.trainer);
    allow(page, /net::ERR_/);
    await page.route(/\/claim$/, (route) => route.abort());
    await page.goto(address(at));
    await expect(page.getByRole('heading', { name: 'This could not be opened' })).toBeVisible();
    await expect(page.getByText('The server cannot be reached.')).toBeVisible();
    await expectNoAxeViolations(page);
    await page.unroute(/\/claim$/);
    await page.getByRole('button', { name: 'Go on with the next task' }).click();
    await expect(page.getByRole('heading', { name: then })).toBeVisible();
    await expect(page.getByRole('heading', { name: 'This could not be opened' })).toBeHidden();
    await expect(page.getByRole('button', { name: 'Submit' })).toBeVisible();
  });
}

test('a page whose code cannot be fetched says so, and is there after it was loaded again', async ({ browser }) => {
  const page = await world.open(browser, people.admin);
  allow(page, /net::ERR_|Failed to fetch dynamically imported module|Unable to preload CSS/);
  await page.goto('/');
  await expect(page.getByRole('link', { name: 'Nine answers' })).toBeVisible();
  await page.route(/\/assets\/PeoplePage/, (route) => route.abort());
  await page.getByRole('link', { name: 'People' }).click();
  await expect(page.getByRole('alert')).toContainText('The page could not be loaded.');
  await page.unroute(/\/assets\/PeoplePage/);
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('alert')).toBeHidden();
});

test('pages that are still loading can be looked at and left', async ({ browser }) => {
  const page = await world.open(browser, people.admin);
  for (const at of [
    '/',
    '/projects/{full}',
    '/projects/{full}/members',
    '/projects/{full}/export',
    '/projects/{full}/rounds',
    '/projects/{full}/sampling',
    '/projects/{full}/side-by-side',
    '/projects/{talked}/feedback',
    '/models',
    '/people',
    '/audit',
    '/work',
  ]) {
    const held: (() => void)[] = [];
    await page.route(/\/api\/(?!session|live)/, async (route) => {
      await new Promise<void>((resolve) => held.push(resolve));
      await route.continue().catch(() => undefined);
    });
    await page.goto(address(at));
    await expect(page.locator('[aria-busy="true"]').first(), at).toBeVisible();
    await expectNoAxeViolations(page);
    await page.getByRole('banner').getByRole('button').click();
    await page.getByRole('link', { name: 'Profile' }).click();
    await expect(page.getByRole('heading', { name: 'Profile' })).toBeVisible();
    await page.unroute(/\/api\/(?!session|live)/);
    for (const go of held) go();
    await expect(page.locator('[aria-busy="true"]')).toHaveCount(0);
    await expect(page.getByRole('heading', { name: 'Profile' })).toBeVisible();
  }
});

test("a trainer's browser is never sent which model wrote what, nor how others ranked it", async ({ browser }) => {
  // Nobody who has begun something: the first answer is the first to be placed.
  const page = await world.open(browser, await world.trainer(names['full'] ?? '', 'blanche'));
  const received: string[] = [];
  const bodies: Promise<void>[] = [];
  page.on('response', (response) => {
    const body = response
      .text()
      .then((text) => received.push(`${response.url()} ${JSON.stringify(response.headers())} ${text}`));
    // A redirect and an answer without a body have none.
    bodies.push(
      body.then(
        () => undefined,
        () => undefined,
      ),
    );
  });
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => received.push(`socket ${payload.toString()}`)),
  );

  await page.goto('/');
  await page.getByRole('link', { name: 'Full of' }).click();
  await expect(page.getByText('Moves as people work.')).toBeVisible();
  await page.getByRole('link', { name: 'Rank', exact: true }).click();
  await expect(answerA(page)).toBeFocused();
  for (const key of ['1', '2', '3', '4', 'Enter']) await page.keyboard.press(key);
  await expect(page.getByText('Submitted.')).toBeVisible();
  await expect(answerA(page)).toBeFocused();
  await page.keyboard.press('u');
  await expect(page.getByText('All placed')).toBeVisible();
  await page.keyboard.press('Enter');
  await expect(page.getByText('Submitted.')).toBeVisible();
  await page.getByRole('button', { name: 'Skip …' }).click();
  await dialog(page).getByRole('radio').first().check();
  await dialog(page).getByRole('button', { name: 'Skip this task' }).click();
  await expect(dialog(page)).toBeHidden();
  await expect(answerA(page)).toBeFocused();
  await page.getByRole('link', { name: 'Back to the project' }).click();
  await expect(page.getByText('Moves as people work.')).toBeVisible();
  await page.getByRole('link', { name: 'My work' }).click();
  await expect(page.getByRole('heading', { name: 'Done' })).toBeVisible();
  await Promise.all(bodies);

  const all = received.join('\n');
  // What must have been received shows that it was listened to.
  expect(all).toContain('Answer 3 to ');
  expect(all).toMatch(/^socket .*"type":"progress"/m);
  expect(secrets.filter((secret) => all.includes(secret))).toEqual([]);
  for (const word of ['"model"', 'rankings', 'external']) {
    expect(
      received.filter((text) => text.includes('/api/') && text.includes(word)),
      word,
    ).toEqual([]);
  }
});
