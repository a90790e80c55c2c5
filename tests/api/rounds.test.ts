import { sql } from 'drizzle-orm';
import { v7 as newId } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { insertModel } from '../../server/models/queries.ts';
import { readAudit } from '../../shared/accounts.ts';
import { importLines } from '../../shared/imports.ts';
import type { Provider } from '../../shared/models.ts';
import { changeProject, type Project, readProject, type TaskKind } from '../../shared/projects.ts';
import { listRounds, type Round, startRound } from '../../shared/rounds.ts';
import * as tasks from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { seedComparisons, seedPrompts } from '../support/seed.ts';
import { claimed, projectWith, rankedAsShown, workOff } from '../support/work.ts';

let t: TestApp;
let admin: Caller;
let ann: Caller;
let bob: Caller;

beforeAll(async () => {
  t = await startApp();
  admin = await t.person('admin');
  ann = await t.person('trainer');
  bob = await t.person('trainer');
});
afterAll(() => t.close());

const of = ({ id }: { id: string }) => ({ params: { projectId: id } });
const none = '019a0000-0000-7000-8000-000000000000';

let made = 0;
async function model(provider: Provider = 'openai', archived = false): Promise<{ id: string; name: string }> {
  made += 1;
  const row = await insertModel(t.context.db, {
    id: newId(),
    name: `Model ${made}`,
    provider,
    baseUrl: 'http://127.0.0.1:9/v1',
    model: 'm',
    parameters: {},
    concurrency: 4,
    archived,
  });
  if (row === null) throw new Error('the name is taken');
  return row;
}

async function begin(project: Project, policyModelId: string, kinds: TaskKind[] = ['comparison']): Promise<Round> {
  const body = { policyModelId, mix: [{ modelId: policyModelId, count: 3 }], kinds };
  return (await t.call(startRound, { ...of(project), body }, admin)).round;
}

const roundsOf = async (project: Project) => (await t.call(listRounds, of(project), admin)).rounds;
const runningIn = async (project: Project) => (await t.call(readProject, of(project), ann)).project.round;
const reasonOf = async (project: Project, kind?: TaskKind) =>
  (await t.call(tasks.queue, { ...of(project), query: { kind } }, ann)).reason;

describe('rounds', () => {
  it('follow one another, each with its model, mix and kinds, and the audit log has them', async () => {
    const project = await projectWith(t, admin, [ann]);
    const [old, current] = [await model(), await model('replay')];
    expect(await runningIn(project)).toBeNull();
    expect(await roundsOf(project)).toEqual([]);
    const first = await begin(project, old.id);
    expect(first).toMatchObject({ number: 1, name: '', policyModel: { id: old.id, name: old.name }, endedAt: null });
    expect(await runningIn(project)).toEqual({ number: 1, name: '', kinds: ['comparison'], demo: false });

    const mix = [
      { modelId: current.id, count: 2 },
      { modelId: old.id, count: 1 },
    ];
    const body = { name: ' Second ', policyModelId: current.id, mix, kinds: ['chat' as const, 'comparison' as const] };
    const { round } = await t.call(startRound, { ...of(project), body }, admin);
    expect(round.mix).toEqual([
      { model: { id: current.id, name: current.name }, count: 2 },
      { model: { id: old.id, name: old.name }, count: 1 },
    ]);
    expect(await runningIn(project)).toEqual({ number: 2, name: 'Second', kinds: ['chat', 'comparison'], demo: true });
    const rounds = await roundsOf(project);
    expect(rounds.map(({ number, endedAt }) => [number, endedAt])).toEqual([
      [2, null],
      [1, round.startedAt],
    ]);
    const { entries } = await t.call(readAudit, { query: {} }, admin);
    const log = entries.filter(({ subject, action }) => subject === project.id && action === 'round.start');
    expect(log.map(({ details }) => details['number'])).toEqual([2, 1]);
    expect(JSON.stringify(await t.call(readProject, of(project), ann))).not.toContain(old.name);
  });

  it('are numbered without gaps also where several are begun at once', async () => {
    const project = await projectWith(t, admin, [ann]);
    const { id } = await model();
    await Promise.all(Array.from({ length: 8 }, () => begin(project, id)));
    const rounds = await roundsOf(project);
    expect(rounds.map(({ number }) => number)).toEqual([8, 7, 6, 5, 4, 3, 2, 1]);
    expect(rounds.filter(({ endedAt }) => endedAt === null).map(({ number }) => number)).toEqual([8]);
    expect((await runningIn(project))?.number).toBe(8);
  });

  it('refuse models that cannot write, by name of the field', async () => {
    const project = await projectWith(t, admin, [ann]);
    const [good, archived, judge] = [await model(), await model('openai', true), await model('moderations')];
    const tried = async (policyModelId: string, ...modelIds: string[]) => {
      const mix = modelIds.map((modelId) => ({ modelId, count: 1 }));
      const body = { policyModelId, mix, kinds: ['chat' as const] };
      const { errors } = await t.refused('invalid', startRound, { ...of(project), body }, admin);
      return errors?.map(({ path, message }) => `${path}: ${message}`);
    };
    expect(await tried(none, good.id)).toEqual(['policyModelId: there is no such model']);
    expect(await tried(archived.id, good.id)).toEqual([`policyModelId: ${archived.name} is archived`]);
    expect(await tried(judge.id, good.id)).toEqual([
      `policyModelId: ${judge.name} judges texts, it does not write any`,
    ]);
    expect(await tried(good.id, good.id, archived.id)).toEqual([`mix.1.modelId: ${archived.name} is archived`]);
    expect(await tried(good.id, good.id, good.id)).toEqual(['mix: names a model twice']);
    expect(await tried(good.id)).toEqual(['mix: must name a model']);
    expect(await roundsOf(project)).toEqual([]);
  });

  it('are for admins, of projects that go on', async () => {
    const project = await projectWith(t, admin, [ann]);
    const { id } = await model();
    const start = {
      ...of(project),
      body: { policyModelId: id, mix: [{ modelId: id, count: 1 }], kinds: ['chat' as const] },
    };
    await t.refused('forbidden', startRound, start, ann);
    await t.refused('forbidden', listRounds, of(project), ann);
    await t.refused('not_found', startRound, { ...start, ...of({ id: none }) }, admin);
    await t.refused('not_found', listRounds, of({ id: none }), admin);
    await t.call(changeProject, { ...of(project), body: { archived: true } }, admin);
    await t.refused('archived', startRound, start, admin);
  });
});

describe('a round that asks for some kinds', () => {
  it('hands out nothing else, and says so; what was begun is still given back', async () => {
    const project = await projectWith(t, admin, [ann, bob]);
    await seedPrompts(t.database.db, project.id, 3);
    await seedComparisons(t.database.db, project.id, 2);
    const { id } = await model();
    const claim = (kinds?: TaskKind[]) => t.call(tasks.claim, { ...of(project), body: { kinds } }, ann);
    const begun = (await claim(['demonstration']))?.assignment;
    const params = { assignmentId: begun?.id ?? '' };
    await t.call(tasks.saveDraft, { params, body: { draft: { messages: [] }, revision: 0 } }, ann);

    await begin(project, id, ['comparison']);
    expect((await claim())?.assignment.id).toBe(begun?.id);
    t.ahead += 31 * 60_000;
    expect((await claim())?.assignment.id).toBe(begun?.id);
    await t.call(tasks.release, { params }, ann);

    expect(await claim(['demonstration'])).toBeNull();
    expect(await reasonOf(project, 'demonstration')).toBe('not_wanted');
    expect(await workOff(t, project, ann)).toHaveLength(2);
    expect(await claim()).toBeNull();
    expect(await reasonOf(project)).toBe('done');

    await begin(project, id, ['chat', 'demonstration']);
    expect((await claim(['demonstration']))?.assignment.kind).toBe('demonstration');
    expect(await reasonOf(project, 'comparison')).toBe('not_wanted');
    expect(await reasonOf(project, 'chat')).toBe('none');
    expect(await reasonOf(project)).toBe('open');
  });
});

describe('the figures of a round', () => {
  /** `place` by model. */
  async function rank(project: Project, person: Caller, place: (model: string) => number): Promise<void> {
    const assignment = await claimed(t, project, person);
    if (assignment.kind !== 'comparison') throw new Error('no comparison');
    const groups = new Map<number, string[]>();
    for (const { label, content } of assignment.task.completions) {
      const at = place(/^Answer (\d)/.exec(content)?.[1] ?? '');
      groups.set(at, [...(groups.get(at) ?? []), label]);
    }
    const ranking = [...groups].toSorted(([a], [b]) => a - b).map(([, labels]) => labels);
    await t.call(tasks.submit, { params: { assignmentId: assignment.id }, body: { ranking } }, person);
  }

  it('say who was preferred how often, by the rankings made in it', async () => {
    const project = await projectWith(t, admin, [ann, bob], { overlap: { comparison: 2 } });
    await seedComparisons(t.database.db, project.id, 3, { k: 3, overlap: 2 });
    const { id } = await model();
    await rank(project, ann, Number);
    await begin(project, id);
    await rank(project, ann, Number);
    await rank(project, bob, (model) => (model === '3' ? 1 : 2));
    await rank(project, bob, Number);
    await begin(project, id);
    await rank(project, bob, (model) => -Number(model));

    const [second, first] = await roundsOf(project);
    expect(first?.figures).toEqual({
      demonstrations: 0,
      chats: 0,
      comparisons: 0,
      rankings: 3,
      preferences: [
        { a: 'model-1', b: 'model-2', aBetter: 2, tied: 1, bBetter: 0 },
        { a: 'model-1', b: 'model-3', aBetter: 2, tied: 0, bBetter: 1 },
        { a: 'model-2', b: 'model-3', aBetter: 2, tied: 0, bBetter: 1 },
      ],
    });
    expect(second?.figures.preferences).toEqual([
      { a: 'model-1', b: 'model-2', aBetter: 0, tied: 0, bBetter: 1 },
      { a: 'model-1', b: 'model-3', aBetter: 0, tied: 0, bBetter: 1 },
      { a: 'model-2', b: 'model-3', aBetter: 0, tied: 0, bBetter: 1 },
    ]);
  });

  it('leave out what was taken back, and pairs of one model or of no named one', async () => {
    const project = await projectWith(t, admin, [ann]);
    await seedComparisons(t.database.db, project.id, 2, { k: 4 });
    const { id } = await model();
    await begin(project, id);
    await t.database.db.execute(sql`
      update messages set model = case model when 'model-2' then 'model-1' when 'model-3' then null else 'Zoë' end
      where model is not null and conversation_id in (select id from conversations where project_id = ${project.id})
        and model <> 'model-1'`);
    const assignment = await claimed(t, project, ann);
    const params = { assignmentId: assignment.id };
    await t.call(tasks.submit, { params, body: rankedAsShown(assignment) }, ann);
    await t.call(tasks.reopen, { params }, ann);
    expect((await roundsOf(project))[0]?.figures).toMatchObject({ rankings: 0, preferences: [] });
    await t.call(tasks.submit, { params, body: { ranking: [['A', 'B', 'C', 'D']] } }, ann);
    expect((await roundsOf(project))[0]?.figures).toMatchObject({
      rankings: 1,
      // Byte order: capitals and small letters as in every locale.
      preferences: [{ a: 'Zoë', b: 'model-1', aBetter: 0, tied: 2, bBetter: 0 }],
    });
  });

  it('count demonstrations and imported comparisons, each in the round in which it was made', async () => {
    const project = await projectWith(t, admin, [ann], {});
    const { id } = await model();
    const line = (n: number, more: object = {}) =>
      JSON.stringify({ prompt: `Question ${n}?`, completions: [{ content: 'Yes.' }, { content: 'No.' }], ...more });
    const importing = (format: 'comparisons' | 'prompts', body: string) =>
      t.call(importLines, { ...of(project), query: { format }, body }, admin);
    await importing('comparisons', line(1));
    await importing('prompts', JSON.stringify({ prompt: 'Write!' }));
    await begin(project, id, ['demonstration']);
    const ranked = line(3, { rankings: [{ trainer: 'Past', ranking: [[0], [1]] }] });
    await importing('comparisons', `${line(2)}\n${ranked}`);
    const assignment = await claimed(t, project, ann);
    const messages = [
      { role: 'user' as const, content: 'Write!' },
      { role: 'assistant' as const, content: 'Done.' },
    ];
    await t.call(tasks.submit, { params: { assignmentId: assignment.id }, body: { messages } }, ann);
    const expected = { demonstrations: 1, comparisons: 2, rankings: 0, chats: 0 };
    expect((await roundsOf(project))[0]?.figures).toMatchObject(expected);
    await begin(project, id, ['demonstration']);
    expect((await roundsOf(project)).map(({ figures }) => figures.demonstrations)).toEqual([0, 1]);
  });
});
