/** A site on which every page has something to show, much of it as long and wide as can be. */
import type { Browser, Page } from '@playwright/test';
import { acceptInvitation, createToken, invite, whoAmI } from '../../../shared/accounts.ts';
import { openChats, say } from '../../../shared/chats.ts';
import { giveFeedback } from '../../../shared/feedback.ts';
import { checkModel, createModel } from '../../../shared/models.ts';
import { disputeVerdict } from '../../../shared/moderation.ts';
import { addMember, removeMember } from '../../../shared/projects.ts';
import { createRelease, readRelease } from '../../../shared/releases.ts';
import { startRound } from '../../../shared/rounds.ts';
import { samplePool } from '../../../shared/samplings.ts';
import { claim, saveDraft, submit } from '../../../shared/tasks.ts';
import { startTalk } from '../talk.ts';
import { callAt, desktop, expect, type Headers, password, startWorld, type World } from '../world.ts';

/** Markdown that is wider than a phone in every way that it can be. */
export const wide = [
  '## A heading with `code` in it',
  `An unbroken word ${'verylong'.repeat(30)} and [a link](https://example.org/${'path/'.repeat(20)}).`,
  '```js\n' + `const line = '${'much longer than a phone is wide '.repeat(8)}';` + '\n```',
  `| ${'a column | '.repeat(12)}\n|${'---|'.repeat(12)}\n| ${'a cell | '.repeat(12)}`,
  '$$\\sum_{i=0}^{n} a_i x^i = ' + 'a + '.repeat(60) + '0$$',
  'مرحبا بالعالم، هذا نص من اليمين إلى اليسار.',
  '- one\n  - two\n    1. three\n\n> quoted',
].join('\n\n');

/** Names that no trainer may ever be sent. */
export const secrets = [
  'model-name-kept-secret-1',
  'model-name-kept-secret-2',
  'source-kept-secret',
  'earlier-ranker',
  'policy-kept-secret',
];

const answers = (count: number, text: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => ({ content: text(index), model: secrets[index % 2] }));

export interface People {
  admin: Headers;
  /** A member of every project, with work done and begun. */
  trainer: Headers;
  /** A member of no project, who never did anything. */
  newcomer: Headers;
  nobody: null;
}

export interface FullSite {
  readonly world: World;
  readonly people: People;
  /** Fills in what an address names, as `/projects/{full}`. */
  address(at: string): string;
  /**
   * The page of a person at a desktop or a phone, the same for all tests. Each place is met on it as on a new device: all
   * that is kept is on the server.
   */
  page(browser: Browser, as: keyof People, viewport?: typeof desktop): Promise<Page>;
}

/** Takes some seconds: for `beforeAll`. */
export async function startFullSite(): Promise<FullSite> {
  const world = await startWorld();
  const { url, admin } = world;
  const names: Record<string, string> = {};
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
  const people: People = { admin, trainer, newcomer, nobody: null };
  const { user } = await callAt(url, whoAmI, {}, trainer);
  for (const { id } of [empty, few, many, finished]) {
    await callAt(url, addMember, { params: { projectId: id, userId: user.id } }, admin);
  }
  const { user: nobodys } = await callAt(url, whoAmI, {}, newcomer);
  await callAt(url, removeMember, { params: { projectId: full.id, userId: nobodys.id } }, admin);

  for (const projectId of [full.id, finished.id]) names['submitted'] = await rankOne(world, projectId, trainer);
  await beginOne(world, full.id, trainer);
  await callAt(url, openChats, { params: { projectId: full.id }, body: { opening: 'none', count: 3 } }, admin);
  await beginChat(world, full.id, trainer);

  const unreachable = [{ modelId: names['served'], count: 2 }];
  const pool = { pool: 'prompts' as const, mix: unreachable, completions: 2, limit: 2 };
  await callAt(url, samplePool, { params: { projectId: full.id }, body: pool }, admin);
  names['talked'] = await talkOver(world);

  names['release'] = await releaseOf(world, full.id);

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

  const pages = new Map<string, Page>();
  return {
    world,
    people,
    address: (at) => at.replace(/\{(\w+)\}/g, (_, name: string) => names[name] ?? ''),
    async page(browser, as, viewport = desktop) {
      const key = `${as} ${viewport.width}`;
      const known = pages.get(key);
      if (known) return known;
      const page = await world.open(browser, people[as], { viewport, kept: true });
      await page.addInitScript(() => {
        if (location.protocol === 'about:') return;
        localStorage.clear();
        sessionStorage.clear();
      });
      pages.set(key, page);
      return page;
    },
  };
}

/** Ranks one comparison; answers with the assignment. */
async function rankOne({ url }: World, projectId: string, as: Headers): Promise<string> {
  const answer = await callAt(url, claim, { params: { projectId }, body: { kinds: ['comparison'] } }, as);
  if (answer?.assignment.kind !== 'comparison') throw new Error('nothing to rank');
  const { id, task } = answer.assignment;
  const body = { ranking: task.completions.map(({ label }) => [label]), activeMs: 400_000 };
  await callAt(url, submit, { params: { assignmentId: id }, body }, as);
  return id;
}

/** A project with a chat of which everything was said that can be. */
async function talkOver(world: World): Promise<string> {
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

/** Builds a release of a project's comparisons; answers with its id. */
async function releaseOf({ url, admin }: World, projectId: string): Promise<string> {
  const definition = { kind: 'comparisons', format: 'trl', hygiene: { pii: 'mask' } } as const;
  const body = { name: `a name as long as can be ${'long '.repeat(18)}`.trim(), notes: wide, definition };
  const { release } = await callAt(url, createRelease, { params: { projectId }, body }, admin);
  const state = async () =>
    (await callAt(url, readRelease, { params: { releaseId: release.id } }, admin)).release.state;
  await expect.poll(state).toBe('ready');
  return release.id;
}

/** Leaves a dialogue begun. */
async function beginOne({ url }: World, projectId: string, as: Headers): Promise<void> {
  const answer = await callAt(url, claim, { params: { projectId }, body: { kinds: ['demonstration'] } }, as);
  if (!answer) throw new Error('nothing to write');
  const params = { assignmentId: answer.assignment.id };
  await callAt(url, saveDraft, { params, body: { draft: {}, revision: 0 } }, as);
}

/** Leaves a chat begun, with an answer that breaks off where this server ends. */
async function beginChat({ url }: World, projectId: string, as: Headers): Promise<void> {
  const answer = await callAt(url, claim, { params: { projectId }, body: { kinds: ['chat'] } }, as);
  if (!answer) throw new Error('nothing to chat about');
  const params = { assignmentId: answer.assignment.id };
  const id = '01a1f8ba-73af-77b9-8ed5-0a506e646b3c';
  await callAt(url, say, { params, body: { id, parentId: null, content: wide } }, as);
  await callAt(url, saveDraft, { params, body: { draft: { box: 'Half a thought' }, revision: 0 } }, as);
}
