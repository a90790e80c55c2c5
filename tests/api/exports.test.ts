import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { exportRows as rowsOf, writeRelease } from '../../server/releases/export.ts';
import { importLines, type ImportFormat } from '../../shared/imports.ts';
import type { Project } from '../../shared/projects.ts';
import { type DatasetKind, exportCounts, exportRows } from '../../shared/releases.ts';
import { claim, reopen, submit } from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { claimed, projectWith } from '../support/work.ts';

let t: TestApp;
let admin: Caller;
let ann: Caller;

beforeAll(async () => {
  t = await startApp();
  [admin, ann] = await Promise.all([t.person('admin'), t.person('trainer')]);
});
afterAll(() => t.close());

const turns = z.array(z.strictObject({ role: z.string(), content: z.string() }));
const sftRow = z.strictObject({ messages: turns, origin: z.string(), id: z.uuid() });
const pairRow = z.strictObject({
  prompt: turns,
  chosen: turns,
  rejected: turns,
  origin: z.string(),
  chosen_model: z.string().nullable(),
  rejected_model: z.string().nullable(),
  picked: z.enum(['chosen', 'rejected']).nullable(),
  sampling_id: z.uuid().nullable(),
  round: z.number().nullable(),
  group_id: z.uuid(),
  ranking_id: z.uuid(),
  k: z.number(),
  weight: z.number(),
  distance: z.number(),
});

const say = (...contents: string[]) =>
  contents.map((content, i) => ({ role: i % 2 ? ('assistant' as const) : ('user' as const), content }));
const project = (settings = {}): Promise<Project> => projectWith(t, admin, [ann], settings);
const bring = ({ id }: Project, format: ImportFormat, ...records: unknown[]) =>
  t.call(
    importLines,
    { params: { projectId: id }, query: { format }, body: records.map((record) => JSON.stringify(record)).join('\n') },
    admin,
  );
const download = ({ id }: Project, kind: DatasetKind) => t.send(exportRows, { params: { projectId: id, kind } }, admin);
async function rows<S extends z.ZodType>(p: Project, kind: DatasetKind, schema: S): Promise<z.output<S>[]> {
  const { body } = await download(p, kind);
  return body
    .split('\n')
    .slice(0, -1)
    .map((line) => schema.parse(JSON.parse(line)));
}
const counts = async ({ id }: Project) =>
  Object.fromEntries(
    (await t.call(exportCounts, { params: { projectId: id } }, admin)).counts.map(({ kind, ...count }) => [
      kind,
      count,
    ]),
  );

const pair = (better: string, worse: string) => ({ better, worse });
const outline = ({ chosen, rejected }: z.output<typeof pairRow>) =>
  pair(chosen[0]?.content ?? '', rejected[0]?.content ?? '');

describe('fine-tuning rows', () => {
  it('are demonstrations and imported dialogues, up to the last answer', async () => {
    const p = await project();
    await bring(
      p,
      'conversations',
      { messages: say('Why?', 'So.', 'Why so?') },
      { messages: say('How?') },
      { messages: say('Who?', 'I.') },
    );
    await bring(p, 'comparisons', { prompt: 'Which?', completions: ['This.', 'That.'] });
    await bring(p, 'oasst', {
      prompt: {
        text: 'A tree?',
        role: 'prompter',
        replies: ['Yes.', 'No.'].map((text) => ({ text, role: 'assistant', replies: [] })),
      },
    });
    await bring(p, 'prompts', { prompt: 'Write.' });
    const body = { kinds: ['demonstration' as const] };
    const answer = await t.call(claim, { params: { projectId: p.id }, body }, ann);
    const assignmentId = answer?.assignment.id ?? '';
    const messages = say('Write.', 'Written,\n"well" \u2028 \u{1F600}.');
    await t.call(submit, { params: { assignmentId }, body: { messages } }, ann);
    expect((await rows(p, 'sft', sftRow)).map(({ messages, origin }) => ({ messages, origin }))).toEqual([
      { messages, origin: 'human' },
      { messages: say('Why?', 'So.'), origin: 'import' },
      { messages: say('Who?', 'I.'), origin: 'import' },
    ]);
    expect((await counts(p)).sft).toEqual({ rows: 3, sources: 5 });

    await t.call(reopen, { params: { assignmentId } }, ann);
    expect(await rows(p, 'sft', sftRow)).toHaveLength(2);
    expect((await counts(p)).sft).toEqual({ rows: 2, sources: 4 });
  });
});

describe('preference pairs', () => {
  it('are all that a ranking says, and nothing of a tie', async () => {
    const p = await project();
    const completions = [{ content: 'A', model: 'm1' }, 'B', { content: 'C', model: 'm2' }, 'D'];
    const messages = [{ role: 'system', content: 'Be brief.' }, ...say('Why?', 'So.', 'Why so?')];
    await bring(p, 'comparisons', {
      messages,
      completions,
      rankings: [{ trainer: 'Past', ranking: [[2], [0, 1], [3]] }],
    });
    const found = await rows(p, 'comparisons', pairRow);
    expect(found.map((row) => ({ ...outline(row), distance: row.distance, origin: row.origin }))).toEqual([
      { ...pair('C', 'A'), distance: 1, origin: 'model' },
      { ...pair('C', 'B'), distance: 1, origin: 'import' },
      { ...pair('C', 'D'), distance: 2, origin: 'import' },
      { ...pair('A', 'D'), distance: 1, origin: 'import' },
      { ...pair('B', 'D'), distance: 1, origin: 'import' },
    ]);
    for (const row of found)
      expect(row).toMatchObject({ prompt: messages, k: 4, weight: 1 / 6, group_id: found[0]?.group_id });
    expect((await counts(p)).comparisons).toEqual({ rows: 5, sources: 1 });
  });

  it('come from each ranking of a comparison, save those taken back', async () => {
    const p = await project({ overlap: { comparison: 3 } });
    await bring(p, 'comparisons', {
      prompt: 'Why?',
      completions: ['A', 'B'],
      rankings: [{ ranking: [[1], [0]] }, { trainer: 'Past', ranking: [[0, 1]] }],
    });
    const assignment = await claimed(t, p, ann);
    if (assignment.kind !== 'comparison') throw new Error('no comparison');
    const labelOf = (text: string) => assignment.task.completions.find(({ content }) => content === text)?.label ?? '';
    const params = { assignmentId: assignment.id };
    await t.call(submit, { params, body: { ranking: [[labelOf('A')], [labelOf('B')]] } }, ann);
    expect((await rows(p, 'comparisons', pairRow)).map(outline)).toEqual([pair('B', 'A'), pair('A', 'B')]);
    expect((await counts(p)).comparisons).toEqual({ rows: 2, sources: 3 });
    await t.call(reopen, { params }, ann);
    expect((await rows(p, 'comparisons', pairRow)).map(outline)).toEqual([pair('B', 'A')]);
    await t.database.db.execute(sql`update rankings set surplus = true where project_id = ${p.id}`);
    expect(await rows(p, 'comparisons', pairRow)).toEqual([]);
    expect((await counts(p)).comparisons).toEqual({ rows: 0, sources: 0 });
  });
});

describe('a dataset', () => {
  let p: Project;
  const many = 1500;

  beforeAll(async () => {
    p = await project({ name: 'Übung 1: "Fragen" / 漢字' });
    const text = (n: number, k: number) => `${n}.${k} ${'words and words '.repeat((n * 7) % 40)}`;
    await bring(
      p,
      'comparisons',
      ...Array.from({ length: many }, (_, n) => ({
        prompt: `Question ${n}?`,
        completions: [0, 1, 2].map((k) => text(n, k)),
        rankings: [{ ranking: [[1], [2], [0]] }],
      })),
    );
  });

  it('is the same bytes each time, in pages and in a file', async () => {
    const first = await download(p, 'comparisons');
    expect(first.headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/jsonl/) as string,
      'content-disposition': 'attachment; filename="ubung-1-fragen-comparisons.jsonl"',
    });
    const second = await download(p, 'comparisons');
    expect(second.rawPayload.equals(first.rawPayload)).toBe(true);
    expect(await rows(p, 'comparisons', pairRow)).toHaveLength(3 * many);

    const folder = await mkdtemp(path.join(tmpdir(), 'duologue-export-'));
    try {
      const dir = path.join(folder, 'new');
      const written = await writeRelease(t.database.db, p, 'comparisons', dir);
      const bytes = await readFile(path.join(dir, 'comparisons.jsonl'));
      expect(bytes.equals(first.rawPayload)).toBe(true);
      expect(written).toEqual({
        file: path.join(dir, 'comparisons.jsonl'),
        rows: 3 * many,
        bytes: bytes.length,
        sha256: createHash('sha256').update(bytes).digest('hex'),
      });
      expect(await readdir(dir)).toEqual(['comparisons.jsonl']);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('is read no further than it is wanted', async () => {
    const chunks = rowsOf(t.database.db, p, 'comparisons');
    expect(await chunks.next()).toMatchObject({ done: false, value: expect.stringMatching(/\}\n$/) as string });
    await chunks.return(undefined);
    expect((await chunks.next()).done).toBe(true);

    await t.app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = t.app.server.address() as { port: number };
    await new Promise<void>((resolve, reject) => {
      get(
        { port, host: '127.0.0.1', path: `/api/projects/${p.id}/exports/comparisons`, headers: admin.headers },
        (response) => {
          response.once('data', () => response.destroy());
          response.on('close', resolve);
        },
      ).on('error', reject);
    });
    expect((await counts(p)).comparisons).toEqual({ rows: 3 * many, sources: many });
  });

  it('is for admins, and may be empty', async () => {
    const empty = await project();
    expect((await download(empty, 'sft')).body).toBe('');
    expect(await counts(empty)).toEqual({ sft: { rows: 0, sources: 0 }, comparisons: { rows: 0, sources: 0 } });
    const input = { params: { projectId: p.id, kind: 'sft' as const } };
    await t.refused('forbidden', exportRows, input, ann);
    await t.refused('forbidden', exportCounts, { params: { projectId: p.id } }, ann);
    await t.refused('not_found', exportRows, { params: { projectId: admin.id, kind: 'sft' } }, admin);
    await t.refused('invalid', exportRows, { params: { projectId: p.id, kind: 'nonsense' as never } }, admin);
  });
});
