import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sampleOne } from '../../server/samplings/sampling.ts';
import { importLines, type ImportFormat } from '../../shared/imports.ts';
import { changeModel, createModel, type Model } from '../../shared/models.ts';
import { changeProject, createProject, type Project } from '../../shared/projects.ts';
import { startRound } from '../../shared/rounds.ts';
import * as samplings from '../../shared/samplings.ts';
import { claim, queue, submit } from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { rowsNow } from '../support/release.ts';
import { chatNow, chatProject, claimedChat, ended, modelOf, said } from '../support/chat.ts';
import { engine, freshDatabase } from '../support/database.ts';
import { breaches } from '../support/invariants.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { callAt, signInAdmin, startServer } from '../support/server.ts';
import { claimed, projectWith, rankedAsShown } from '../support/work.ts';

let t: TestApp;
let server: ModelServer;
let admin: Caller;
let ann: Caller;
let ben: Caller;

beforeAll(async () => {
  t = await startApp({ modelTiming: { firstMs: 6_000, silenceMs: 3_000, retryMs: 20 } });
  server = await startModelServer({ betweenMs: 1, slowMs: 500 });
  [admin, ann, ben] = await Promise.all([t.person('admin'), t.person('trainer'), t.person('trainer')]);
});
afterAll(async () => {
  await t.close();
  await server.close();
});

const model = (scenario: string): Promise<Model> => modelOf(t, admin, server, scenario);
const mixOf = (...models: Model[]) => models.map(({ id }) => ({ modelId: id, count: 1 }));

const bring = ({ id }: Project, format: ImportFormat, ...records: unknown[]) =>
  t.call(
    importLines,
    { params: { projectId: id }, query: { format }, body: records.map((record) => JSON.stringify(record)).join('\n') },
    admin,
  );

async function promptsIn(count: number, settings: Parameters<typeof projectWith>[3] = {}): Promise<Project> {
  const project = await projectWith(t, admin, [ann, ben], settings);
  if (count > 0)
    await bring(
      project,
      'prompts',
      ...Array.from({ length: count }, (_, n) => ({ prompt: `Question ${n} of ${project.id}?` })),
    );
  return project;
}

const sample = (
  { id }: Project,
  mix: { modelId: string; count: number }[],
  more: { completions?: number; pool?: 'prompts' | 'conversations'; limit?: number } = {},
) =>
  t.call(
    samplings.samplePool,
    { params: { projectId: id }, body: { pool: 'prompts', completions: 3, mix, ...more } },
    admin,
  );

const list = ({ id }: Project, query: { state?: samplings.SamplingState } = {}) =>
  t.call(samplings.listSamplings, { params: { projectId: id }, query }, admin);

/** Waits until nothing runs, and what waits has failed before. */
async function settled(project: Project): Promise<samplings.Sampling[]> {
  for (;;) {
    const { samplings: all } = await list(project);
    if (all.every(({ state, retryAt }) => state === 'done' || state === 'failed' || retryAt !== null)) return all;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

interface Made {
  completions: string[];
  models: string[];
  original: string | null;
  completion_ids: string[];
  task: { authors: string[]; overlap: number; round_id: string | null };
}

/** The comparisons of a project as they are in the tables, in the order in which they were made. */
const comparisons = ({ id }: Project): Promise<Made[]> =>
  t.database.db._.session.all<Made>(sql`
    select c.completion_ids, s.original_id as original, to_json(k.*) as task,
      (select json_agg(m.content order by o.n) from unnest(c.completion_ids) with ordinality as o(id, n) join messages m on m.id = o.id) as completions,
      (select json_agg(m.model order by o.n) from unnest(c.completion_ids) with ordinality as o(id, n) join messages m on m.id = o.id) as models
    from comparisons c join samplings s on s.id = c.sampling_id join tasks k on k.comparison_id = c.id
    where c.project_id = ${id} order by c.id`);

const rows = async (query: ReturnType<typeof sql>): Promise<number> =>
  Number((await t.database.db._.session.all<{ n: string }>(query))[0]?.n);
const again = (samplingId: string, failures = 0) =>
  sampleOne(t.context, { samplingId, failures }, { last: false, signal: new AbortController().signal });

/** One prompt, sampled by one model that acts out a scenario. */
async function sampledBy(scenario: string): Promise<{ sampling: samplings.Sampling; made: Made[]; project: Project }> {
  const project = await promptsIn(1);
  await sample(project, mixOf(await model(scenario)));
  const [sampling] = await settled(project);
  if (!sampling) throw new Error('nothing was sampled');
  return { sampling, made: await comparisons(project), project };
}

describe('completions of an imported prompt', () => {
  it.each(['steady', 'slow-first-token', 'rate-limited', 'error-then-fine', 'no-n', 'long', 'split-bytes', 'plain'])(
    'become a comparison: %s',
    async (scenario) => {
      const { sampling, made } = await sampledBy(scenario);
      expect(sampling).toMatchObject({
        state: 'done',
        origin: 'pool',
        wanted: 3,
        sampled: 3,
        detail: null,
        attempts: 1,
      });
      expect(made).toHaveLength(1);
      expect(new Set(made[0]?.completions).size).toBe(3);
      if (scenario === 'long') for (const text of made[0]?.completions ?? []) expect(text).toHaveLength(32 * 1024);
      if (scenario === 'split-bytes')
        for (const text of made[0]?.completions ?? []) expect(text).toMatch(/👩‍👩‍👧 und 😀.*€€€€€\.$/);
    },
  );

  it.each([
    ['stall', /./],
    ['cut', /./],
    ['ends-early', /./],
    ['malformed', /./],
    ['empty', /./],
    ['html', /web page/],
  ])('are tried again later where the model server fails: %s', async (scenario, words) => {
    const { sampling, made, project } = await sampledBy(scenario);
    expect(sampling).toMatchObject({ state: 'waiting', attempts: 1, sampled: 0 });
    expect(sampling.detail).toMatch(words);
    expect(sampling.detail).toContain(`${scenario} `);
    const wait = new Date(sampling.retryAt ?? 0).getTime() - Date.now();
    expect(wait).toBeGreaterThan(3_000);
    expect(wait).toBeLessThan(11_000);
    expect(made).toEqual([]);
    // Nothing half-sampled is handed out.
    expect(await t.call(claim, { params: { projectId: project.id }, body: { kinds: ['comparison'] } }, ann)).toBeNull();

    // The last try gives up.
    await again(sampling.id, 7);
    expect(await settled(project)).toMatchObject([
      { state: 'failed', attempts: 2, retryAt: null, detail: sampling.detail },
    ]);
  });

  it.each(['wrong-key', 'unknown-model', 'too-long'])('fail at once where waiting is no help: %s', async (scenario) => {
    const { sampling, made } = await sampledBy(scenario);
    expect(sampling).toMatchObject({ state: 'failed', attempts: 1, retryAt: null });
    expect(sampling.detail).toContain(`${scenario} `);
    expect(made).toEqual([]);
  });

  it('end at the greatest length where a model never ends', async () => {
    const { sampling, made } = await sampledBy('endless');
    // All that it says is the same, so there is nothing to compare.
    expect(sampling).toMatchObject({ state: 'failed', detail: 'all answers were alike' });
    expect(made).toEqual([]);
  });

  it.each(['identical', 'nearly-identical'])(
    'of which none is unlike another make no comparison: %s',
    async (scenario) => {
      const { sampling, made } = await sampledBy(scenario);
      expect(sampling).toMatchObject({ state: 'failed', detail: 'all answers were alike', sampled: 1 });
      expect(made).toEqual([]);
    },
  );

  it('that are alike are asked for three times more; then the comparison shrinks, never below two', async () => {
    const project = await promptsIn(1);
    const [same, other] = [await model('identical:shrink'), await model('steady')];
    await sample(
      project,
      [
        { modelId: same.id, count: 3 },
        { modelId: other.id, count: 1 },
      ],
      { completions: 4 },
    );
    expect(await settled(project)).toMatchObject([{ state: 'done', wanted: 4, sampled: 2 }]);
    const [made] = await comparisons(project);
    expect(made?.models.toSorted()).toEqual([same.name, other.name].toSorted());
    expect(server.requests('identical:shrink')).toBe(3 + 3 * 2);
  });

  it('come from each model in the proportions asked for, with parameters and seeds of their own', async () => {
    const project = await promptsIn(1);
    const [a, b] = [await model('steady:mix-a'), await model('instant:mix-b')];
    const mix = [
      { modelId: a.id, count: 2 },
      { modelId: b.id, count: 1 },
    ];
    const body = { pool: 'prompts' as const, completions: 6, mix, parameters: { temperature: 0.25, maxTokens: 9 } };
    await t.call(samplings.samplePool, { params: { projectId: project.id }, body }, admin);
    await settled(project);
    const [made] = await comparisons(project);
    expect(made?.models.toSorted()).toEqual(
      [...Array<string>(4).fill(a.name), ...Array<string>(2).fill(b.name)].toSorted(),
    );
    const generations = await t.database.db._.session.all<{
      seed: number;
      parameters: unknown;
      state: string;
      purpose: string;
    }>(
      sql`select seed, parameters, state, purpose from generations where id = any(${`{${made?.completion_ids.join(',')}}`}::uuid[])`,
    );
    expect(new Set(generations.map(({ seed }) => seed)).size).toBe(6);
    for (const one of generations)
      expect(one).toMatchObject({
        state: 'done',
        purpose: 'alternative',
        parameters: { temperature: 0.25, maxTokens: 9 },
      });
    expect(server.last('steady:mix-a')?.body).toMatchObject({
      temperature: 0.25,
      max_tokens: 9,
      messages: [{ role: 'user' }],
    });
  });

  it('that moderation blocks reach nobody, and others bear their verdict', async () => {
    const settings = { name: 'Judge', provider: 'moderations' as const, baseUrl: server.url, model: 'moderation' };
    const judge = await t.call(createModel, { body: settings }, admin);
    const actions = { hate: 'block' as const, violence: 'warn' as const };
    const moderation = { modelId: judge.model.id, actions };
    // It says its texts in turn, the last of them for ever.
    const says = async (...texts: string[]): Promise<Project> => {
      const project = await projectWith(t, admin, [ann], { moderation });
      await bring(project, 'prompts', { prompt: 'Say it.' });
      const talker = await sayingServer(texts);
      const body = { name: `Talker ${texts.join()}`, provider: 'openai' as const, baseUrl: talker.url, model: 'any' };
      await sample(project, mixOf((await t.call(createModel, { body }, admin)).model));
      await settled(project);
      talker.close();
      return project;
    };
    const some = await says('[hate] one', 'two [violence]', 'three', 'four');
    const [made] = await comparisons(some);
    expect(made?.completions.toSorted()).toEqual(['four', 'three', 'two [violence]']);
    const verdicts = sql`select count(*)::text as n from verdicts where project_id = ${some.id} and action = 'warn'`;
    expect(await rows(verdicts)).toBe(1);
    const none = await says('[hate]');
    expect((await list(none)).samplings).toMatchObject([
      { state: 'failed', detail: expect.stringMatching(/moderation withheld/) as string },
    ]);
    expect(await comparisons(none)).toEqual([]);
  });
});

/** A model server that says these texts in turn, the last of them for ever. */
async function sayingServer(texts: readonly string[]): Promise<{ url: string; close: () => void }> {
  let at = -1;
  const http = createServer((_, response) => {
    at = Math.min(at + 1, texts.length - 1);
    const choice = { index: 0, delta: { content: texts[at] }, finish_reason: 'stop' };
    const chunk = { id: '1', object: 'chat.completion.chunk', created: 1, model: 'any', choices: [choice] };
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.end(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/v1`, close: () => http.close() };
}

describe('a sampling that fails', () => {
  it('keeps what it has, and samples only what is missing when it is tried again', async () => {
    const project = await promptsIn(1);
    const [good, bad] = [await model('steady:kept'), await model('cut')];
    await sample(project, [
      { modelId: good.id, count: 2 },
      { modelId: bad.id, count: 1 },
    ]);
    const [failed] = await settled(project);
    expect(failed).toMatchObject({ state: 'waiting', wanted: 3, sampled: 2 });
    await t.call(changeModel, { params: { modelId: bad.id }, body: { model: 'steady:mended' } }, admin);
    await again(failed?.id ?? '');
    expect(await settled(project)).toMatchObject([
      { state: 'done', sampled: 3, attempts: 2, detail: null, retryAt: null },
    ]);
    expect([server.requests('steady:kept'), server.requests('steady:mended')]).toEqual([2, 1]);
    expect(await comparisons(project)).toHaveLength(1);
  });

  it('is tried again by itself', { timeout: 60_000 }, async () => {
    const project = await promptsIn(1);
    const bad = await model('cut:itself');
    await sample(project, mixOf(bad));
    expect(await settled(project)).toMatchObject([{ state: 'waiting' }]);
    await t.call(changeModel, { params: { modelId: bad.id }, body: { model: 'steady' } }, admin);
    for (let state = ''; state !== 'done'; await new Promise((resolve) => setTimeout(resolve, 100)))
      state = (await list(project)).samplings[0]?.state ?? '';
    expect(await comparisons(project)).toHaveLength(1);
  });

  it('is tried again when an admin says so', async () => {
    const project = await promptsIn(3);
    const bad = await model('wrong-key');
    await sample(project, mixOf(bad));
    const failed = await settled(project);
    expect(failed.map(({ state }) => state)).toEqual(['failed', 'failed', 'failed']);
    const one = { params: { samplingId: failed[0]?.id ?? '' } };
    await t.call(changeModel, { params: { modelId: bad.id }, body: { model: 'steady:keyless' } }, admin);
    expect((await t.call(samplings.retrySampling, one, admin)).sampling).toMatchObject({
      state: 'waiting',
      detail: null,
    });
    await settled(project);
    expect((await t.call(samplings.retrySampling, one, admin)).sampling).toMatchObject({ state: 'done' });
    const all = { params: { projectId: project.id } };
    expect(await t.call(samplings.retryFailed, all, admin)).toEqual({ retried: 2 });
    await settled(project);
    expect(await t.call(samplings.retryFailed, all, admin)).toEqual({ retried: 0 });
    expect((await list(project)).sums).toEqual({ waiting: 0, running: 0, done: 3, failed: 0 });
    expect(await comparisons(project)).toHaveLength(3);
  });

  it('is not tried again where another came in its place', async () => {
    const project = await promptsIn(1);
    await sample(project, mixOf(await model('wrong-key')));
    const [failed] = await settled(project);
    await sample(project, mixOf(await model('steady')));
    await settled(project);
    await t.refused('conflict', samplings.retrySampling, { params: { samplingId: failed?.id ?? '' } }, admin);
    expect(await t.call(samplings.retryFailed, { params: { projectId: project.id } }, admin)).toEqual({ retried: 0 });
    expect(await comparisons(project)).toHaveLength(1);
  });
});

describe('doing it twice', () => {
  it('is once, by one worker after the other and at the same time', async () => {
    const project = await promptsIn(1);
    await sample(project, mixOf(await model('slow-first-token')));
    const [waiting] = (await list(project)).samplings;
    const id = waiting?.id ?? '';
    // With the one whose job it is, three at once.
    await Promise.all([again(id), again(id)]);
    expect(await settled(project)).toMatchObject([{ state: 'done', sampled: 3 }]);
    await again(id);
    expect(await comparisons(project)).toHaveLength(1);
    const messages = sql`select count(*)::text as n from messages m join conversations c on c.id = m.conversation_id
      where c.project_id = ${project.id} and m.author_kind = 'model'`;
    expect(await rows(messages)).toBe(3);
    expect(await breaches(t.database.db)).toEqual([]);
  });
});

describe('a pool', () => {
  it('is answered once, whoever asks how often, in the order of import', async () => {
    const project = await promptsIn(5, { overlap: { comparison: 2 } });
    const mix = mixOf(await model('instant:pool'));
    const { batch } = await sample(project, mix, { limit: 2, completions: 2 });
    expect(batch).toMatchObject({ pool: 'prompts', total: 2, cancelled: false });
    await settled(project);
    const titles = (await list(project)).samplings.map(({ title }) => title.slice(0, 10));
    expect(titles).toEqual(['Question 1', 'Question 0']);
    const both = await Promise.allSettled([
      sample(project, mix, { completions: 2 }),
      sample(project, mix, { completions: 2 }),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    await settled(project);
    const body = { pool: 'prompts' as const, mix, completions: 2 };
    const told = await t.refused('conflict', samplings.samplePool, { params: { projectId: project.id }, body }, admin);
    expect(told.detail).toMatch(/already/);
    expect((await comparisons(project)).map(({ task }) => task)).toMatchObject(
      Array.from({ length: 5 }, () => ({ overlap: 2, authors: [], round_id: null })),
    );
    const { batches, sums } = await list(project);
    expect(sums).toEqual({ waiting: 0, running: 0, done: 5, failed: 0 });
    expect(batches.map(({ total, done, failed }) => ({ total, done, failed }))).toEqual([
      { total: 3, done: 3, failed: 0 },
      { total: 2, done: 2, failed: 0 },
    ]);
    expect((await list(project, { state: 'failed' })).samplings).toEqual([]);
    expect(await breaches(t.database.db)).toEqual([]);
  });

  it('leaves out prompts that came with answers, and trees', async () => {
    const project = await promptsIn(1);
    await bring(project, 'comparisons', { prompt: 'Which?', completions: ['This.', 'That.'] });
    const { batch } = await sample(project, mixOf(await model('instant')));
    expect(batch.total).toBe(1);
    await settled(project);
  });

  it('of dialogues is answered at the last message of the user, and the dialogue stays what it was', async () => {
    const project = await promptsIn(0);
    const messages = [
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content: 'So.' },
      { role: 'user', content: 'Why so?' },
      { role: 'assistant', content: 'Because.' },
    ];
    await bring(project, 'conversations', { messages }, { messages: messages.slice(0, 1) });
    const asked = await model('instant:dialogue');
    const before = await rowsNow(t, admin, project.id, 'sft');
    const { batch } = await sample(project, mixOf(asked), { pool: 'conversations' });
    expect(batch).toMatchObject({ pool: 'conversations', total: 2 });
    expect(await settled(project)).toMatchObject([{ title: 'Why?' }, { title: 'Why so?' }]);
    const shown = await t.call(claim, { params: { projectId: project.id }, body: { kinds: ['comparison'] } }, ann);
    expect(shown?.assignment.task.conversation.length).toSatisfy((length: number) => length === 1 || length === 3);
    expect(before).toMatchObject([{ messages }]);
    expect(await rowsNow(t, admin, project.id, 'sft')).toEqual(before);
  });

  it('is cancelled: what waits ends, what is done stays', async () => {
    const count = 120;
    const project = await promptsIn(count);
    const slow = await model('slow-first-token');
    await t.call(changeModel, { params: { modelId: slow.id }, body: { concurrency: 32 } }, admin);
    const { batch } = await sample(project, mixOf(slow), { completions: 2 });
    const params = { batchId: batch.id };
    while ((await list(project)).sums.done === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const cancelled = await t.call(samplings.cancelBatch, { params }, admin);
    expect(cancelled).toMatchObject({ batch: { cancelled: true, total: count } });
    expect(cancelled.batch.failed).toBeGreaterThan(0);
    expect((await list(project)).sums.waiting).toBe(0);
    await t.call(samplings.cancelBatch, { params }, admin);
    const failed = (await settled(project)).filter(({ state }) => state === 'failed');
    // The list shows only the newest of them.
    const ended = async (): Promise<number> => {
      const { sums } = await list(project);
      return sums.done + sums.failed;
    };
    await expect.poll(ended, { timeout: 15_000 }).toBe(count);
    const { sums } = await list(project);
    for (const { detail } of failed) expect(detail).toBe('cancelled');
    expect((await comparisons(project)).length).toBe(sums.done);
    await t.refused('conflict', samplings.retrySampling, { params: { samplingId: failed[0]?.id ?? '' } }, admin);
    expect(await t.call(samplings.retryFailed, { params: { projectId: project.id } }, admin)).toEqual({ retried: 0 });
    // What was cancelled may be asked for anew.
    await sample(project, mixOf(await model('instant')), { completions: 2 });
    await expect.poll(async () => (await list(project)).sums).toMatchObject({ waiting: 0, running: 0 });
    expect(await comparisons(project)).toHaveLength(count);
  });

  it('ends quietly where the project was archived', async () => {
    const project = await promptsIn(1);
    const params = { projectId: project.id };
    const body = { pool: 'prompts' as const, mix: mixOf(await model('cut')), completions: 2 };
    await t.call(samplings.samplePool, { params, body }, admin);
    const [failed] = await settled(project);
    await t.call(changeProject, { params, body: { archived: true } }, admin);
    await again(failed?.id ?? '');
    expect((await list(project)).samplings).toMatchObject([{ state: 'failed', detail: 'cancelled', retryAt: null }]);
    await t.refused('archived', samplings.samplePool, { params, body }, admin);
    await t.refused('archived', samplings.retryFailed, { params }, admin);
    await t.refused('archived', samplings.retrySampling, { params: { samplingId: failed?.id ?? '' } }, admin);
  });

  it('says what is wrong with what was asked', async () => {
    const project = await promptsIn(1);
    const params = { projectId: project.id };
    const good = await model('instant');
    const ask = (mix: { modelId: string; count: number }[], more = {}) => ({
      params,
      body: { pool: 'prompts' as const, completions: 2, mix, ...more },
    });
    const old = await model('steady');
    await t.call(changeModel, { params: { modelId: old.id }, body: { archived: true } }, admin);
    for (const modelId of [project.id, old.id]) {
      const told = await t.refused(
        'invalid',
        samplings.samplePool,
        ask([...mixOf(good), { modelId, count: 1 }]),
        admin,
      );
      expect(told.errors).toMatchObject([{ path: 'mix.1.modelId' }]);
    }
    await t.refused('invalid', samplings.samplePool, ask([]), admin);
    await t.refused('invalid', samplings.samplePool, ask(mixOf(good), { completions: 10 }), admin);
    await t.refused('invalid', samplings.samplePool, ask(mixOf(good), { completions: 1 }), admin);
    await t.refused('forbidden', samplings.samplePool, ask(mixOf(good)), ann);
    await t.refused('forbidden', samplings.listSamplings, { params, query: {} }, ann);
    const nowhere = { params: { projectId: admin.id } };
    await t.refused('not_found', samplings.samplePool, { ...ask(mixOf(good)), ...nowhere }, admin);
    await t.refused('not_found', samplings.retrySampling, { params: { samplingId: admin.id } }, admin);
    await t.refused('not_found', samplings.cancelBatch, { params: { batchId: admin.id } }, admin);
    const empty = await promptsIn(0);
    const told = await t.refused(
      'conflict',
      samplings.samplePool,
      { ...ask(mixOf(good)), params: { projectId: empty.id } },
      admin,
    );
    expect(told.detail).toMatch(/no imported prompts/);
  });
});

const provenance = z.object({
  origin: z.string(),
  chosen_model: z.string(),
  rejected_model: z.string(),
  picked: z.enum(['chosen', 'rejected']).nullable(),
  sampling_id: z.uuid(),
  round: z.number(),
  k: z.number(),
});

describe('a chat', () => {
  async function chatted(settings = {}): Promise<{ project: Project; mine: Model; chatId: string }> {
    const mine = await model('steady');
    const project = await chatProject(t, admin, [ann, ben], mine, { completionsPerComparison: 3, ...settings }, 1);
    const assignment = await claimedChat(t, project, ann);
    const { answer } = await said(t, assignment.id, 'Why is the sky blue?', null, ann);
    await ended(t, assignment.id, answer.id, ann);
    await t.call(submit, { params: { assignmentId: assignment.id }, body: { leafId: answer.id } }, ann);
    return { project, mine, chatId: assignment.id };
  }

  it('becomes a comparison of a picked message and its alternatives, which its trainer does not rank', async () => {
    const { project, mine, chatId } = await chatted();
    expect(await settled(project)).toMatchObject([
      { origin: 'chat', state: 'done', wanted: 3, sampled: 3, title: 'Why is the sky blue?' },
    ]);
    const [made] = await comparisons(project);
    expect(made?.task.authors).toEqual([ann.id]);
    expect(made?.completion_ids).toContain(made?.original);
    const params = { projectId: project.id };
    expect(await t.call(claim, { params, body: { kinds: ['comparison'] } }, ann)).toBeNull();
    expect((await t.call(queue, { params, query: {} }, ann)).reason).not.toBeNull();

    const { assignment } = (await t.call(claim, { params, body: { kinds: ['comparison'] } }, ben)) ?? {};
    if (!assignment) throw new Error('nothing was handed out');
    // The alternatives are for others to see, not in the chat.
    const { messages } = await chatNow(t, chatId, ann);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    // Nothing that a trainer is sent says which model it was, or which answer was the chat's.
    expect(JSON.stringify(assignment)).not.toContain(mine.name);
    expect(JSON.stringify(assignment)).not.toContain(String(made?.original));
    await t.call(submit, { params: { assignmentId: assignment.id }, body: rankedAsShown(assignment) }, ben);
    const pairs = (await rowsNow(t, admin, project.id, 'comparisons')).map((row) => provenance.parse(row));
    expect(pairs).toHaveLength(3);
    for (const pair of pairs)
      expect(pair).toMatchObject({
        origin: 'model',
        chosen_model: mine.name,
        rejected_model: mine.name,
        round: 1,
        k: 3,
      });
    expect(new Set(pairs.map(({ sampling_id }) => sampling_id)).size).toBe(1);
    expect(pairs.filter(({ picked }) => picked !== null)).toHaveLength(2);
  });

  it('may be ranked by its own trainer where the project allows it', async () => {
    const { project } = await chatted({ rankOwnChats: true });
    await settled(project);
    const found = await t.call(claim, { params: { projectId: project.id }, body: { kinds: ['comparison'] } }, ann);
    expect(found?.assignment.kind).toBe('comparison');
  });

  it('has its original in any place', async () => {
    const places = new Set<number>();
    const mine = await model('instant');
    const project = await chatProject(t, admin, [ann], mine, { completionsPerComparison: 2 }, 12);
    for (let n = 0; n < 12; n += 1) {
      const assignment = await claimedChat(t, project, ann);
      const { answer } = await said(t, assignment.id, `Question ${n}?`, null, ann);
      await ended(t, assignment.id, answer.id, ann);
      await t.call(submit, { params: { assignmentId: assignment.id }, body: { leafId: answer.id } }, ann);
    }
    await settled(project);
    for (const { completion_ids, original } of await comparisons(project))
      places.add(completion_ids.findIndex((id) => id === original));
    expect(places).toEqual(new Set([0, 1]));
  });

  it('is sampled with the mix of its round, which the comparison carries', async () => {
    const [policy, last] = [await model('steady'), await model('steady:last-round')];
    const project = await projectWith(t, admin, [ann], { completionsPerComparison: 4 });
    await bring(project, 'prompts', { prompt: 'One.' });
    const mix = [
      { modelId: policy.id, count: 2 },
      { modelId: last.id, count: 1 },
    ];
    const round = { policyModelId: policy.id, mix, kinds: ['comparison' as const] };
    const { round: begun } = await t.call(startRound, { params: { projectId: project.id }, body: round }, admin);
    await sample(project, mix);
    await settled(project);
    const [made] = await comparisons(project);
    expect(made?.task.round_id).toBe(begun.id);
    await claimed(t, project, ann);
  });
});

// Of two processes, which the embedded database does not let in.
describe.runIf(engine === 'postgres')('a process that dies in the midst of sampling', () => {
  it('has its samplings done by another, once', { timeout: 180_000 }, async () => {
    const database = await freshDatabase();
    const env = { DATABASE_URL: database.url ?? '' };
    const slow = await startModelServer({ betweenMs: 20 });
    const first = await startServer(env);
    const count = 100;
    try {
      const as = await signInAdmin(first.url);
      const { project } = await callAt(first.url, createProject, { body: { name: 'Crash' } }, as);
      const params = { projectId: project.id };
      const prompts = Array.from({ length: count }, (_, n) => JSON.stringify({ prompt: `Question ${n}` })).join('\n');
      await callAt(first.url, importLines, { params, query: { format: 'prompts' }, body: prompts }, as);
      const settings = {
        name: 'Steady',
        provider: 'openai' as const,
        baseUrl: slow.url,
        model: 'steady',
        concurrency: 32,
      };
      const { model } = await callAt(first.url, createModel, { body: settings }, as);
      const asked = { pool: 'prompts' as const, mix: mixOf(model), completions: 3 };
      await callAt(first.url, samplings.samplePool, { params, body: asked }, as);
      const sums = async (url: string) => (await callAt(url, samplings.listSamplings, { params, query: {} }, as)).sums;
      while ((await sums(first.url)).done < 10) await new Promise((resolve) => setTimeout(resolve, 20));
      await first.end('SIGKILL');
      const second = await startServer(env);
      const left = await sums(second.url);
      expect(left.done).toBeLessThan(count);
      while ((await sums(second.url)).done < count) await new Promise((resolve) => setTimeout(resolve, 200));
      await second.end('SIGTERM');
      const [found] = await database.db._.session.all(sql`
        select (select count(*)::int from comparisons) as comparisons, (select count(distinct conversation_id)::int from comparisons) as prompts,
          (select count(*)::int from messages where author_kind = 'model') as messages,
          (select count(*)::int from comparisons where cardinality(completion_ids) = 3) as whole`);
      expect(found).toEqual({ comparisons: count, prompts: count, messages: 3 * count, whole: count });
      expect(await breaches(database.db)).toEqual([]);
    } finally {
      await first.end('SIGKILL');
      await slow.close();
      await database.drop();
    }
  });
});
