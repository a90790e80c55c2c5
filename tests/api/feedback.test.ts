import { randomUUID } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { feedbackOf, reportedAmong } from '../../server/feedback/feedback.ts';
import { exportFeedback, type Feedback, giveFeedback, listFeedback } from '../../shared/feedback.ts';
import type { Project } from '../../shared/projects.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { seedChat } from '../support/seed.ts';
import { projectWith } from '../support/work.ts';

let t: TestApp;
let admin: Caller;
let ann: Caller;
let ben: Caller;
let project: Project;

beforeAll(async () => {
  t = await startApp();
  admin = await t.person('admin');
  ann = await t.person('trainer', 'Ann');
  ben = await t.person('trainer', 'Ben');
});
afterAll(() => t.close());
beforeEach(async () => {
  project = await projectWith(t, admin, [ann, ben], { name: 'Feedback' });
});

const nothing: Feedback = { thumb: null, text: '', report: null };
const give = (messageId: string, feedback: Partial<Feedback>, as = ann) =>
  t.call(giveFeedback, { params: { messageId }, body: { ...nothing, ...feedback } }, as);
const chat = (options = {}, by = ann) => seedChat(t.database.db, project.id, by.id, options);
const list = (query = {}) => t.call(listFeedback, { params: { projectId: project.id }, query }, admin);

const line = z.strictObject({
  prompt: z.array(z.strictObject({ role: z.string(), content: z.string() })),
  completion: z.array(z.strictObject({ role: z.literal('assistant'), content: z.string() })),
  model: z.string(),
  thumb: z.enum(['up', 'down']).nullable(),
  text: z.string(),
  report: z.strictObject({ reason: z.string(), text: z.string() }).nullable(),
  trainer: z.string(),
});
async function exported(): Promise<z.output<typeof line>[]> {
  const { body } = await t.send(exportFeedback, { params: { projectId: project.id } }, admin);
  return body
    .split('\n')
    .slice(0, -1)
    .map((row) => line.parse(JSON.parse(row)));
}

describe('feedback', () => {
  it('is kept, replaced and taken back', async () => {
    const { db } = t.database;
    const { answerIds } = await chat();
    const [id = ''] = answerIds;
    const first: Feedback = { thumb: 'down', text: 'Wrong “year”.', report: { reason: 'false', text: 'It was 1912.' } };
    expect(await give(id, first)).toEqual({ feedback: first });
    expect(await feedbackOf(db, [id, randomUUID()], ann.id)).toEqual(new Map([[id, first]]));
    expect(await feedbackOf(db, [id], ben.id)).toEqual(new Map());
    expect(await reportedAmong(db, [id, randomUUID()])).toEqual(new Set([id]));

    await give(id, { thumb: 'up' });
    expect(await feedbackOf(db, [id], ann.id)).toEqual(new Map([[id, { ...nothing, thumb: 'up' }]]));
    expect(await reportedAmong(db, [id])).toEqual(new Set());
    expect((await list()).items).toHaveLength(1);

    await give(id, {});
    expect(await feedbackOf(db, [id], ann.id)).toEqual(new Map());
    expect((await list()).items).toEqual([]);
    await give(id, {});
  });

  it('is once, however often it is given at the same time', async () => {
    const { answerIds } = await chat();
    const [id = ''] = answerIds;
    await Promise.all(Array.from({ length: 8 }, (_, n) => give(id, { thumb: 'up', text: `${n}` })));
    expect((await list()).items).toHaveLength(1);
    expect((await list()).sums).toEqual([{ model: 'Model A', up: 1, down: 0, texts: 1, reports: 0 }]);
  });

  it('stays as it was when it is replaced or taken back, with what an admin said of a report that stays', async () => {
    const { answerIds } = await chat();
    const [id = ''] = answerIds;
    const report = { reason: 'moderation_wrong' as const, text: 'It is fine.' };
    await give(id, { thumb: 'up', report });
    await t.database.db.execute(sql`update feedback set resolution = 'right' where message_id = ${id}`);
    await give(id, { thumb: 'up', report });
    await give(id, { thumb: 'down', report });
    await give(id, { thumb: 'down', report: { ...report, text: 'It is not.' } });
    await give(id, {});
    const kept = await t.database.db._.session.all<{ thumb: string; resolution: string | null; follows: boolean }>(sql`
      select thumb, resolution, replaced_at > at and (next is null or next = replaced_at) as follows
      from (select *, lead(at) over (order by id) as next from feedback where message_id = ${id}) f order by id`);
    expect(kept).toEqual([
      { thumb: 'up', resolution: 'right', follows: true },
      { thumb: 'down', resolution: 'right', follows: true },
      { thumb: 'down', resolution: null, follows: true },
    ]);
    const { sums, items } = await list();
    expect([sums, items, await exported()]).toEqual([[], [], []]);
  });

  it('is for model-written messages of one’s own chat alone', async () => {
    const { questionId, answerIds } = await chat();
    const [id = ''] = answerIds;
    const input = (messageId: string) => ({ params: { messageId }, body: { ...nothing, thumb: 'up' as const } });
    await t.refused('not_found', giveFeedback, input(id), ben);
    await t.refused('not_found', giveFeedback, input(id), admin);
    await t.refused('not_found', giveFeedback, input(questionId), ann);
    await t.refused('not_found', giveFeedback, input(randomUUID()), ann);
    await t.database.db.execute(sql`update conversations set kind = 'prompt' where project_id = ${project.id}`);
    await t.refused('not_found', giveFeedback, input(id), ann);
    const long = { params: { messageId: id }, body: { ...nothing, text: 'x'.repeat(20_001) } };
    expect(await t.refused('invalid', giveFeedback, long, ann)).toMatchObject({ errors: [{ path: 'text' }] });
    expect((await list()).items).toEqual([]);
  });

  it('is listed with sums for each model, by kind and page by page', async () => {
    const a = await chat({ answers: ['A1', 'A2', 'x'.repeat(3_000)], question: 'Why?' });
    const b = await chat({ answers: ['B1', 'B2'], model: 'Model B', question: '漢'.repeat(3_000) }, ben);
    await give(a.answerIds[0] ?? '', { thumb: 'up', text: 'Good.' });
    await give(a.answerIds[1] ?? '', { thumb: 'down' });
    await give(a.answerIds[2] ?? '', { report: { reason: 'harmful', text: '' } });
    await give(b.answerIds[0] ?? '', { thumb: 'up' }, ben);
    await give(b.answerIds[1] ?? '', { text: 'Hm.' }, ben);

    const { sums, items, next } = await list();
    expect(next).toBeNull();
    expect(sums).toEqual([
      { model: 'Model A', up: 1, down: 1, texts: 1, reports: 1 },
      { model: 'Model B', up: 1, down: 0, texts: 1, reports: 0 },
    ]);
    expect(items.map(({ content }) => content.slice(0, 2))).toEqual(['B2', 'B1', 'xx', 'A2', 'A1']);
    expect(items[4]).toMatchObject({
      messageId: a.answerIds[0],
      by: { id: ann.id, name: 'Ann' },
      model: 'Model A',
      roundNumber: null,
      prompt: 'Why?',
      feedback: { thumb: 'up', text: 'Good.', report: null },
    });
    expect(items[2]?.content).toHaveLength(2_000);
    expect(items[0]?.prompt).toHaveLength(2_000);

    const shown = async (query: object) => (await list(query)).items.map(({ content }) => content.slice(0, 2));
    expect(await shown({ kind: 'up' })).toEqual(['B1', 'A1']);
    expect(await shown({ kind: 'down' })).toEqual(['A2']);
    expect(await shown({ kind: 'text' })).toEqual(['B2', 'A1']);
    expect(await shown({ kind: 'report' })).toEqual(['xx']);
    const first = await list({ limit: 2 });
    const second = await list({ limit: 2, before: first.next });
    const third = await list({ limit: 2, before: second.next });
    expect([first, second, third].map((page) => page.items.length)).toEqual([2, 2, 1]);
    expect(third.next).toBeNull();
    expect([...first.items, ...second.items, ...third.items]).toEqual(items);
    const bad = { params: { projectId: project.id }, query: { before: 'nowhere' } };
    expect(await t.refused('invalid', listFeedback, bad, admin)).toMatchObject({ errors: [{ path: 'before' }] });
    await t.refused('forbidden', listFeedback, { params: { projectId: project.id }, query: {} }, ann);
    await t.refused('not_found', listFeedback, { params: { projectId: randomUUID() }, query: {} }, admin);
  });

  it('is exported, all of it, with the path that was answered', async () => {
    expect(await exported()).toEqual([]);
    const { answerIds } = await chat({ answers: ['First.', 'Second.'], question: 'Warum, "ja"?\n' });
    await give(answerIds[0] ?? '', { thumb: 'down', report: { reason: 'refused_wrongly', text: 'It could have.' } });
    await give(answerIds[1] ?? '', { thumb: 'up', text: 'Fine.' });
    const prompt = [{ role: 'user', content: 'Warum, "ja"?\n' }];
    expect(await exported()).toEqual([
      {
        prompt,
        completion: [{ role: 'assistant', content: 'First.' }],
        model: 'Model A',
        thumb: 'down',
        text: '',
        report: { reason: 'refused_wrongly', text: 'It could have.' },
        trainer: 'Ann',
      },
      {
        prompt,
        completion: [{ role: 'assistant', content: 'Second.' }],
        model: 'Model A',
        thumb: 'up',
        text: 'Fine.',
        report: null,
        trainer: 'Ann',
      },
    ]);
    const { headers } = await t.send(exportFeedback, { params: { projectId: project.id } }, admin);
    expect(headers['content-disposition']).toBe('attachment; filename="feedback-feedback.jsonl"');

    // More than one page of the export.
    const many = await chat({ answers: Array.from({ length: 350 }, (_, n) => `${n} ${'word '.repeat(n)}`) });
    await Promise.all(many.answerIds.map((id) => give(id, { thumb: 'up' })));
    const rows = await exported();
    expect(rows).toHaveLength(352);
    expect(new Set(rows.map(({ completion }) => completion[0]?.content)).size).toBe(352);
    await t.refused('forbidden', exportFeedback, { params: { projectId: project.id } }, ann);
  });
});
