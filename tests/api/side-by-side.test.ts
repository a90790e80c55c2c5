import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changeModel, createModel, type Model } from '../../shared/models.ts';
import { changeProject, type Project } from '../../shared/projects.ts';
import { startRound } from '../../shared/rounds.ts';
import { keepSideBySide, listSamplings, sideBySide } from '../../shared/samplings.ts';
import { readStream, type Stream, stopStream } from '../../shared/streams.ts';
import { claim } from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { modelOf } from '../support/chat.ts';
import { breaches } from '../support/invariants.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';
import { projectWith } from '../support/work.ts';

let t: TestApp;
let server: ModelServer;
let admin: Caller;
let ann: Caller;
let ben: Caller;

beforeAll(async () => {
  t = await startApp({
    modelTiming: { firstMs: 6_000, silenceMs: 3_000, retryMs: 20, replayWordsPerSecond: Infinity },
  });
  server = await startModelServer({ betweenMs: 1, slowMs: 500 });
  [admin, ann, ben] = await Promise.all([t.person('admin'), t.person('trainer'), t.person('trainer')]);
});
afterAll(async () => {
  await t.close();
  await server.close();
});

const model = (scenario: string): Promise<Model> => modelOf(t, admin, server, scenario);
const prompt = [{ role: 'user' as const, content: 'Why is the sky blue?' }];

/** A project whose round has these models, the first of them as its policy. */
async function projectOf(models: Model[], settings = {}): Promise<Project> {
  const project = await projectWith(t, admin, [ann, ben], settings);
  const [policy] = models;
  if (policy) {
    const mix = models.map(({ id }) => ({ modelId: id, count: 1 }));
    const body = { policyModelId: policy.id, mix, kinds: ['comparison' as const] };
    await t.call(startRound, { params: { projectId: project.id }, body }, admin);
  }
  return project;
}

const ask = (
  { id }: Project,
  as: Caller,
  modelIds?: string[],
  messages: { role: 'user' | 'assistant' | 'system'; content: string }[] = prompt,
) => t.call(sideBySide, { params: { projectId: id }, body: { messages, ...(modelIds && { modelIds }) } }, as);

async function ended(streamId: string, as: Caller): Promise<Stream> {
  for (;;) {
    const { stream } = await t.call(readStream, { params: { streamId } }, as);
    if (stream.state !== 'waiting' && stream.state !== 'streaming') return stream;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
const allEnded = (answers: { id: string }[], as: Caller) => Promise.all(answers.map(({ id }) => ended(id, as)));
const keep = (sideId: string, as: Caller) => t.call(keepSideBySide, { params: { sideId } }, as);
const comparing = ({ id }: Project, as: Caller) =>
  t.call(claim, { params: { projectId: id }, body: { kinds: ['comparison'] } }, as);

describe('answers side by side', () => {
  it('are of the models that an admin names, and say so', async () => {
    const [a, b] = [await model('steady'), await model('instant')];
    const project = await projectOf([]);
    const { answers, demo } = await ask(project, admin, [a.id, b.id]);
    expect(demo).toBe(false);
    expect(answers.map(({ model }) => model).toSorted()).toEqual([a.name, b.name].toSorted());
    const streams = await allEnded(answers, admin);
    expect(streams.map(({ state }) => state)).toEqual(['done', 'done']);
    expect(server.last('instant')?.body.messages).toEqual(prompt);
  });

  it('are of the models of the round for a trainer, unnamed and in any order', async () => {
    const models = [await model('steady'), await model('instant')];
    const project = await projectOf(models);
    const orders = new Set<string>();
    for (let n = 0; n < 12; n += 1) {
      const asked = await ask(project, ann);
      const text = JSON.stringify(asked);
      for (const { name, id } of models) expect(text.includes(name) || text.includes(id)).toBe(false);
      expect(asked.answers.map(({ model }) => model)).toEqual([null, null]);
      await allEnded(asked.answers, ann);
      const rows = await t.database.db._.session.all<{ id: string; model_id: string }>(
        sql`select id, model_id from generations where group_id = ${asked.id}`,
      );
      orders.add(rows.find(({ id }) => id === asked.answers[0]?.id)?.model_id ?? '');
    }
    expect(orders.size).toBe(2);
  });

  it('are two of one model where the round has no other, and at most four', async () => {
    const one = await projectOf([await model('steady')]);
    const { answers } = await ask(one, ann);
    const [first, second] = await allEnded(answers, ann);
    expect(answers).toHaveLength(2);
    expect(first?.text).not.toBe(second?.text);
    const six = await Promise.all(Array.from({ length: 6 }, () => model('instant')));
    expect((await ask(await projectOf(six), ann)).answers).toHaveLength(4);
  });

  it('say where they are recorded ones', async () => {
    const replays = await Promise.all(
      ['Recorded A', 'Recorded B'].map(
        async (name) => (await t.call(createModel, { body: { name, provider: 'replay' } }, admin)).model,
      ),
    );
    const { answers, demo } = await ask(await projectOf(replays), ann);
    expect(demo).toBe(true);
    expect((await allEnded(answers, ann)).map(({ state }) => state)).toEqual(['done', 'done']);
  });

  it('are refused in words', async () => {
    const good = await model('instant');
    const project = await projectOf([good], { limits: { maxCharacters: 100, maxTurns: 4 } });
    const params = { projectId: project.id };
    const refused = async (
      code: 'invalid' | 'forbidden' | 'not_found' | 'conflict' | 'archived',
      body: object,
      as = ann,
      to = params,
    ) => t.refused(code, sideBySide, { params: to, body: { messages: prompt, ...body } }, as);
    await refused('forbidden', { modelIds: [good.id, good.id] });
    await refused('invalid', { modelIds: [good.id] }, admin);
    expect((await refused('invalid', { modelIds: [good.id, ann.id] }, admin)).errors).toMatchObject([
      { path: 'modelIds.1' },
    ]);
    await t.call(changeModel, { params: { modelId: (await model('steady')).id }, body: { archived: true } }, admin);
    const said = (...roles: string[]) => ({ messages: roles.map((role) => ({ role, content: 'Well.' })) });
    expect((await refused('invalid', said('assistant'))).errors).toMatchObject([{ path: 'messages.0.role' }]);
    expect((await refused('invalid', said('user', 'assistant'))).detail).toMatch(/end with a message of the user/);
    expect((await refused('invalid', said('user', 'assistant', 'user', 'assistant', 'user'))).detail).toMatch(
      /at most 4/,
    );
    const long = { messages: [{ role: 'user', content: 'x'.repeat(101) }] };
    expect((await refused('invalid', long)).errors).toMatchObject([{ path: 'messages.0.content' }]);
    await refused('not_found', {}, ann, { projectId: admin.id });
    await refused('not_found', {}, await t.person('trainer'));
    const none = await projectOf([]);
    expect((await refused('conflict', {}, ann, { projectId: none.id })).detail).toMatch(/No model is set up/);
    await t.call(changeProject, { params, body: { archived: true } }, admin);
    await refused('archived', {});
  });

  it('are at most so many at a time for one person, however fast one asks', async () => {
    const project = await projectOf([await model('stall:many'), await model('stall:more')]);
    const params = { projectId: project.id };
    const sent = await Promise.all(
      Array.from({ length: 14 }, () => t.send(sideBySide, { params, body: { messages: prompt } }, ann)),
    );
    expect(sent.map(({ statusCode }) => statusCode).toSorted()).toEqual([
      ...Array<number>(9).fill(201),
      ...Array<number>(5).fill(429),
    ]);
    const asked = sent
      .filter(({ statusCode }) => statusCode === 201)
      .map((one) => sideBySide.response.parse(one.json()));
    await t.refused('too_many_requests', sideBySide, { params, body: { messages: prompt } }, ann);
    await ask(project, ben);
    for (const { answers } of asked)
      for (const { id } of answers) await t.call(stopStream, { params: { streamId: id } }, ann);
    await Promise.all(asked.map(({ answers }) => allEnded(answers, ann)));
    await ask(project, ann);
  });
});

describe('keeping answers side by side', () => {
  it('makes a comparison that others rank, once', async () => {
    const project = await projectOf([await model('steady'), await model('instant')], { overlap: { comparison: 2 } });
    const messages = [
      { role: 'system' as const, content: 'Be brief.' },
      { role: 'user' as const, content: 'Why?' },
      { role: 'assistant' as const, content: 'So.' },
      { role: 'user' as const, content: 'Why so?' },
    ];
    const { id, answers } = await ask(project, ann, undefined, messages);
    const texts = (await allEnded(answers, ann)).map(({ text }) => text);
    const kept = await Promise.all([keep(id, ann), keep(id, ann), keep(id, ann)]);
    expect(new Set(kept.map(({ comparisonId }) => comparisonId)).size).toBe(1);
    expect(await keep(id, ann)).toEqual(kept[0]);

    expect(await comparing(project, ann)).toBeNull();
    const found = await comparing(project, ben);
    if (found?.assignment.kind !== 'comparison') throw new Error('no comparison was handed out');
    const { task } = found.assignment;
    expect(task.conversation).toEqual(messages);
    expect(task.completions.map(({ content }) => content).toSorted()).toEqual(texts.toSorted());
    const [row] = await t.database.db._.session.all(sql`
      select c.sampling_id, k.overlap, k.authors, k.round_id = c.round_id as in_round, v.kind, v.source, v.author_id,
        (select count(*)::int from comparisons where project_id = ${project.id}) as comparisons,
        (select count(*)::int from messages m where m.conversation_id = c.conversation_id) as messages
      from comparisons c join tasks k on k.comparison_id = c.id join conversations v on v.id = c.conversation_id
      where c.project_id = ${project.id}`);
    expect(row).toEqual({
      ...{ sampling_id: id, overlap: 2, authors: [ann.id], in_round: true, kind: 'prompt', source: 'side by side' },
      ...{ author_id: ann.id, comparisons: 1, messages: 6 },
    });
    const { samplings } = await t.call(listSamplings, { params: { projectId: project.id }, query: {} }, admin);
    expect(samplings).toMatchObject([{ id, origin: 'side', state: 'done', wanted: 2, sampled: 2, title: 'Why so?' }]);
    expect(await breaches(t.database.db)).toEqual([]);
  });

  it('lets the keeper rank it where the project allows it', async () => {
    const project = await projectOf([await model('steady')], { rankOwnChats: true });
    const { id, answers } = await ask(project, ann);
    await allEnded(answers, ann);
    await keep(id, ann);
    expect((await comparing(project, ann))?.assignment.kind).toBe('comparison');
  });

  it('takes those that are whole and different, at least two', async () => {
    const [one, other, cut, same] = [
      await model('steady'),
      await model('instant'),
      await model('cut'),
      await model('identical'),
    ];
    const project = await projectOf([]);
    const { id, answers } = await ask(project, admin, [one.id, cut.id, same.id, same.id, other.id]);
    await allEnded(answers, admin);
    await keep(id, admin);
    const found = await comparing(project, ann);
    if (found?.assignment.kind !== 'comparison') throw new Error('no comparison was handed out');
    expect(found.assignment.task.completions).toHaveLength(3);

    const refused = async (...models: Model[]) => {
      const asked = await ask(
        project,
        admin,
        models.map(({ id }) => id),
      );
      await allEnded(asked.answers, admin);
      return (await t.refused('conflict', keepSideBySide, { params: { sideId: asked.id } }, admin)).detail;
    };
    expect(await refused(same, same)).toMatch(/say the same/);
    expect(await refused(one, cut)).toMatch(/stopped or failed/);
    const waiting = await ask(project, admin, [(await model('slow-first-token')).id, one.id]);
    const told = await t.refused('conflict', keepSideBySide, { params: { sideId: waiting.id } }, admin);
    expect(told.detail).toMatch(/Wait/);
  });

  it('is for whoever asked, in a project that goes on', async () => {
    const project = await projectOf([await model('steady')]);
    const { id, answers } = await ask(project, ann);
    await allEnded(answers, ann);
    for (const other of [ben, admin]) await t.refused('not_found', keepSideBySide, { params: { sideId: id } }, other);
    await t.refused('not_found', keepSideBySide, { params: { sideId: project.id } }, ann);
    await t.call(changeProject, { params: { projectId: project.id }, body: { archived: true } }, admin);
    await t.refused('archived', keepSideBySide, { params: { sideId: id } }, ann);
  });

  it('is for what moderation lets pass', async () => {
    const settings = { name: 'Judge', provider: 'moderations' as const, baseUrl: server.url, model: 'moderation' };
    const judge = await t.call(createModel, { body: settings }, admin);
    const moderation = { modelId: judge.model.id, actions: { hate: 'block' as const, violence: 'warn' as const } };
    const project = await projectOf([await model('steady')], { moderation });
    const body = { messages: [{ role: 'user' as const, content: 'Say [hate].' }] };
    const told = await t.refused('invalid', sideBySide, { params: { projectId: project.id }, body }, ann);
    expect(told.errors).toMatchObject([{ path: 'messages.0.content' }]);

    const asked = async (...texts: string[]) => {
      const { id, answers } = await ask(project, ann, undefined, [{ role: 'user', content: 'Say [violence].' }]);
      await allEnded(answers, ann);
      for (const [index, { id }] of answers.entries())
        await t.database.db.execute(sql`update generations set text = ${texts[index]} where id = ${id}`);
      return id;
    };
    await keep(await asked('One.', 'Other [violence].'), ann);
    const [kept] = await t.database.db._.session.all(
      sql`select count(*)::int as verdicts from verdicts where project_id = ${project.id} and action = 'warn'`,
    );
    expect(kept).toEqual({ verdicts: 2 });
    const stopped = { params: { sideId: await asked('One.', 'Other [hate].') } };
    expect((await t.refused('conflict', keepSideBySide, stopped, ann)).detail).toMatch(/moderation/);
  });
});
