import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importLines, type ImportFormat } from '../../shared/imports.ts';
import { rubricPresets, type Project } from '../../shared/projects.ts';
import {
  compareReleases,
  deleteRelease,
  listFindings,
  listReleases,
  previewRelease,
  readReleaseArchive,
  readReleaseFile,
  releaseChoices,
  type ReleaseDefinitionInput,
  uploadBenchmark,
} from '../../shared/releases.ts';
import { submit } from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { build, built, rowsOf } from '../support/release.ts';
import { claimed, projectWith } from '../support/work.ts';

let t: TestApp;
let admin: Caller;
let ann: Caller;
let bob: Caller;

beforeAll(async () => {
  t = await startApp();
  [admin, ann, bob] = await Promise.all([t.person('admin'), t.person('trainer'), t.person('trainer')]);
});
afterAll(() => t.close());

const say = (...contents: string[]) =>
  contents.map((content, i) => ({ role: i % 2 ? ('assistant' as const) : ('user' as const), content }));
const project = (settings = {}): Promise<Project> => projectWith(t, admin, [ann, bob], settings);
const bring = ({ id }: Project, format: ImportFormat, ...records: unknown[]) =>
  t.call(
    importLines,
    { params: { projectId: id }, query: { format }, body: records.map((record) => JSON.stringify(record)).join('\n') },
    admin,
  );
const all = { train: 100, validation: 0, test: 0 };
const rows = async ({ id }: Project, definition: ReleaseDefinitionInput) =>
  (await rowsOf(t, admin, await built(t, admin, id, { split: all, ...definition }))).map(({ row }) => row);

describe('ratings', () => {
  it('make rows for each completion, labels, and filters', async () => {
    const p = await project({ rubric: 'instructgpt', overlap: { comparison: 2 } });
    await bring(p, 'comparisons', { prompt: 'Which?', completions: ['Good', 'Fair', 'Bad'] });
    const overall: Record<string, number> = { Good: 7, Fair: 4, Bad: 1 };
    for (const trainer of [ann, bob]) {
      const assignment = await claimed(t, p, trainer);
      if (assignment.kind !== 'comparison') throw new Error('no comparison');
      const labelOf = (text: string) =>
        assignment.task.completions.find(({ content }) => content === text)?.label ?? '';
      const ratings = Object.fromEntries(
        Object.entries(overall).map(([text, value]) => [
          labelOf(text),
          { overall: value, flags: text === 'Bad' ? ['hallucination'] : [] },
        ]),
      );
      const ranking = [[labelOf('Good')], [labelOf('Fair')], [labelOf('Bad')]];
      await t.call(submit, { params: { assignmentId: assignment.id }, body: { ranking, ratings } }, trainer);
    }
    const rated = await rows(p, { kind: 'ratings', format: 'duologue' });
    expect(rated).toHaveLength(6);
    const helpsteer = await rows(p, { kind: 'ratings', format: 'helpsteer', filter: { withFlags: ['hallucination'] } });
    expect(helpsteer).toHaveLength(2);
    expect(helpsteer[0]).toMatchObject({ prompt: 'Which?', response: 'Bad', overall: 1, hallucination: true });
    const labels = await rows(p, { kind: 'unpaired', format: 'trl' });
    expect(labels.map((row) => [(row['completion'] as { content: string }[])[0]?.content, row['label']])).toEqual([
      ['Good', true],
      ['Bad', false],
    ]);
    const pairs = await rows(p, { kind: 'comparisons', format: 'trl', rankings: 'consensus' });
    expect(pairs.map((row) => row['margin'])).toEqual([3, 6, 3]);
    const best = await rows(p, { kind: 'sft', format: 'trl', parts: ['best'] });
    expect(best.map((row) => row['messages'])).toEqual([say('Which?', 'Good')]);
    const only = await rows(p, { kind: 'comparisons', format: 'trl', filter: { trainers: [ann.id] } });
    expect(only).toHaveLength(3);
    const held = await built(t, admin, p.id, {
      ...{ kind: 'comparisons', format: 'trl', split: { ...all, heldOutTrainers: [bob.id] } },
    });
    expect(held.release.splits).toEqual([
      { split: 'train', rows: 3 },
      { split: 'held_out', rows: 3 },
    ]);
    const choices = await t.call(releaseChoices, { params: { projectId: p.id } }, admin);
    expect(choices).toMatchObject({ overallMax: 7, s3: false });
    expect(choices.flags).toEqual(rubricPresets.instructgpt.flags.map(({ key, label }) => ({ key, label })));
    expect(choices.trainers.map(({ id }) => id).toSorted()).toEqual([ann.id, bob.id].toSorted());
  });
});

describe('an imported dialogue', () => {
  it('is learnt as its import says: an answer of weight 0 is not', async () => {
    const p = await project();
    const [q1, a1, q2, a2] = say('One?', 'First.', 'Two?', 'Second.');
    const messages = [q1, { ...a1, weight: 0 }, q2, { ...a2, weight: 1 }];
    await bring(p, 'conversations', { messages }, { messages: [q1, { ...a1, weight: 0 }] });
    const sft = { kind: 'sft', format: 'openai' } as const;
    const made = await built(t, admin, p.id, { ...sft, split: all });
    expect((await rowsOf(t, admin, made)).map(({ row }) => row['messages'])).toEqual([messages]);
    expect(made.release.remarks).toEqual([{ text: 'a dialogue of which no turn is to be learnt', count: 1 }]);
    expect((await rows(p, { kind: 'sft', format: 'trl' })).map((row) => row['trained'])).toEqual([
      [false, false, false, true],
    ]);
  });
});

describe('hygiene', () => {
  it('drops duplicates, masks and finds personal data, and leaves benchmarks out', async () => {
    const p = await project();
    const asked = 'Please tell me in one paragraph how the tides of the northern sea come about each day';
    await bring(
      p,
      'conversations',
      { id: 'a', messages: say('Who?', 'Write to kim@example.org or 192.0.2.17.') },
      { id: 'b', messages: say('Who?', 'Write to kim@example.org or 192.0.2.17.') },
      { id: 'c', messages: say(asked, 'The moon.') },
      { id: 'd', messages: say(`${asked} please`, 'The moon and the sun.') },
    );
    const body = `${JSON.stringify({ question: asked })}\n`;
    const { benchmark } = await t.call(uploadBenchmark, { query: { name: 'Tides' }, body }, admin);
    const sft = { kind: 'sft', format: 'trl' } as const;
    expect(await rows(p, sft)).toHaveLength(3);
    expect(await rows(p, { ...sft, hygiene: { exactDuplicates: 'keep' } })).toHaveLength(4);
    expect(await rows(p, { ...sft, hygiene: { nearDuplicates: 'drop' } })).toHaveLength(2);
    expect(await rows(p, { ...sft, hygiene: { benchmarks: [benchmark.id] } })).toHaveLength(1);
    expect(await rows(p, { ...sft, hygiene: { pii: 'leave_out' } })).toHaveLength(2);
    const masked = await rows(p, { ...sft, hygiene: { pii: 'mask' } });
    expect(masked[0]?.['messages']).toEqual(say('Who?', 'Write to [EMAIL] or [IP_ADDRESS].'));
    const marked = await built(t, admin, p.id, { ...sft, split: all, hygiene: { pii: 'mark' } });
    expect((await rowsOf(t, admin, marked)).map(({ row }) => row['pii'])).toEqual([['email', 'ip_address'], [], []]);
    const params = { releaseId: marked.release.id };
    const { sums, findings } = await t.call(listFindings, { params, query: {} }, admin);
    expect(sums).toEqual([
      { kind: 'email', count: 1 },
      { kind: 'ip_address', count: 1 },
    ]);
    expect(findings[0]).toMatchObject({ kind: 'email', found: 'kim@example.org', before: 'Write to ' });
    expect((await t.call(listFindings, { params, query: { kind: 'ip_address' } }, admin)).findings).toHaveLength(1);
  });
});

describe('a mix', () => {
  it('adds imported dialogues by count and by weight, the same ones each time', async () => {
    const [p, pool] = await Promise.all([project(), project()]);
    const own = Array.from({ length: 10 }, (_, n) => ({ messages: say(`Own question ${n}?`, `Own answer ${n}.`) }));
    await bring(p, 'conversations', ...own);
    const dolly = Array.from({ length: 40 }, (_, n) => ({
      ...{ instruction: `Do the thing number ${n}.`, context: '', response: `Done ${n}.`, category: 'open_qa' },
    }));
    await bring(pool, 'dolly', ...dolly);
    const mixed = (amount: { by: 'count'; rows: number } | { by: 'weight'; perHundred: number }, seed = 0) => ({
      ...{ kind: 'sft' as const, format: 'trl' as const, seed },
      mix: [{ projectId: pool.id, source: null, amount }],
    });
    const byCount = await rows(p, mixed({ by: 'count', rows: 7 }));
    expect(byCount).toHaveLength(17);
    expect(byCount.slice(0, 10).every((row) => JSON.stringify(row['messages']).includes('Own'))).toBe(true);
    expect(await rows(p, mixed({ by: 'count', rows: 7 }))).toEqual(byCount);
    expect(await rows(p, mixed({ by: 'count', rows: 7 }, 1))).not.toEqual(byCount);
    expect(await rows(p, mixed({ by: 'weight', perHundred: 50 }))).toHaveLength(15);
    const { release } = await build(t, admin, p.id, { split: all, ...mixed({ by: 'count', rows: 41 }) });
    expect(release).toMatchObject({ state: 'failed', detail: expect.stringContaining('41') as string });
    const definition = { split: all, ...mixed({ by: 'count', rows: 41 }) };
    const preview = await t.call(previewRelease, { params: { projectId: p.id }, body: { definition } }, admin);
    expect(preview.fault).toBe(release.detail);
  });
});

describe('what a release is', () => {
  it('is listed, compared, fetched in parts and as one, and removed', async () => {
    const p = await project();
    await bring(p, 'conversations', { messages: say('Why?', 'So.') });
    const first = await built(t, admin, p.id, { kind: 'sft', format: 'trl', split: all });
    await bring(p, 'conversations', { messages: say('How?', 'Thus.') });
    const second = await built(t, admin, p.id, { kind: 'sft', format: 'openai', split: all });
    const { releases } = await t.call(listReleases, { params: { projectId: p.id } }, admin);
    expect(releases.map(({ number, rows: count }) => [number, count])).toEqual([
      [2, 2],
      [1, 1],
    ]);
    const params = { releaseId: second.release.id };
    const from = first.release.id;
    expect(await t.call(compareReleases, { params, query: { from } }, admin)).toEqual({
      ...{ added: 1, removed: 0, changed: 1, same: 0 },
      definition: [{ field: 'format', from: '"trl"', to: '"openai"' }],
    });
    const name = 'data/train-00000-of-00001.jsonl';
    const file = { params: { ...params, name } };
    const whole = (await t.send(readReleaseFile, file, admin)).rawPayload;
    const url = `/api/releases/${second.release.id}/files/${encodeURIComponent(name)}`;
    const headers = { ...admin.headers, range: 'bytes=5-9' };
    const part = await t.app.inject({ url, headers });
    expect([part.statusCode, part.headers['content-range']]).toEqual([206, `bytes 5-9/${whole.length}`]);
    expect(part.rawPayload.equals(whole.subarray(5, 10))).toBe(true);
    const tar = await t.send(readReleaseArchive, { params }, admin);
    expect(tar.headers['content-type']).toContain('application/x-tar');
    expect(tar.rawPayload.includes('SHA256SUMS')).toBe(true);
    await t.refused('not_found', readReleaseFile, { params: { ...params, name: '../../secret' } }, admin);
    await t.refused('forbidden', readReleaseFile, file, ann);
    await t.call(deleteRelease, { params }, admin);
    await t.refused('not_found', readReleaseFile, file, admin);
  });

  it('of two that are asked for at once has a number of its own each', async () => {
    const p = await project();
    await bring(p, 'conversations', { messages: say('Why?', 'So.') });
    const definition = { kind: 'sft', format: 'trl', split: all } as const;
    const made = await Promise.all([1, 2, 3].map(() => built(t, admin, p.id, definition)));
    expect(made.map(({ release }) => release.number).toSorted()).toEqual([1, 2, 3]);
    const data = made.map(({ files }) => files.find(({ rows: count }) => count !== null)?.sha256);
    expect(new Set(data).size).toBe(1);
  });
});
