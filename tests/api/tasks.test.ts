import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sql } from 'drizzle-orm';
import { importLines } from '../../shared/imports.ts';
import { changeProject, readProgress, removeMember } from '../../shared/projects.ts';
import * as tasks from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { breaches } from '../support/invariants.ts';
import { seedComparisons, seedPrompts } from '../support/seed.ts';
import { claimed, projectWith, rankedAsShown, workOff } from '../support/work.ts';

let t: TestApp;
let admin: Caller;
let ann: Caller;
let bob: Caller;
let cem: Caller;

beforeAll(async () => {
  t = await startApp();
  [admin, ann, bob, cem] = await Promise.all([
    t.person('admin'),
    t.person('trainer'),
    t.person('trainer'),
    t.person('trainer'),
  ]);
});
afterAll(() => t.close());

const minute = 60_000;
type Settings = Omit<NonNullable<Parameters<typeof projectWith>[3]>, 'overlap'>;
const of = ({ id }: { id: string }) => ({ params: { assignmentId: id } });

async function comparisons(
  count: number,
  { overlap = 1, k = 4, ...settings }: { overlap?: number; k?: number } & Settings = {},
) {
  const project = await projectWith(t, admin, [ann, bob, cem], settings);
  await seedComparisons(t.database.db, project.id, count, { overlap, k });
  return project;
}

describe('claiming', () => {
  it('hands out each task once per place, and then says why there is nothing', async () => {
    const project = await comparisons(5, { overlap: 2 });
    expect(await workOff(t, project, ann)).toHaveLength(5);
    const queue = { params: { projectId: project.id }, query: { kind: 'comparison' as const } };
    expect(await t.call(tasks.queue, queue, ann)).toMatchObject({
      reason: 'share',
      wanted: 10,
      submitted: 5,
      inHand: 0,
    });
    expect(await workOff(t, project, bob)).toHaveLength(5);
    expect(await workOff(t, project, cem)).toHaveLength(0);
    expect(await t.call(tasks.queue, queue, cem)).toMatchObject({ reason: 'done', wanted: 10, submitted: 10 });
    expect(await t.call(readProgress, { params: { projectId: project.id } }, cem)).toEqual({
      progress: [{ kind: 'comparison', tasks: 5, wanted: 10, submitted: 10, inHand: 0 }],
    });
    expect(await breaches(t.database.db)).toEqual([]);
  });

  it("shows completions under letters in an order of the assignment's own, and nothing of their source", async () => {
    const project = await comparisons(1, { overlap: 3 });
    const shown = await Promise.all([ann, bob, cem].map((person) => claimed(t, project, person)));
    for (const assignment of shown) {
      expect(assignment.kind).toBe('comparison');
      if (assignment.kind !== 'comparison') return;
      expect(assignment.task.completions.map(({ label }) => label)).toEqual(['A', 'B', 'C', 'D']);
      expect(assignment.task.conversation).toHaveLength(1);
      expect(JSON.stringify(assignment)).not.toMatch(/model|seed/);
    }
    const [first] = shown;
    expect((await t.call(tasks.readAssignment, of(first ?? { id: '' }), ann)).assignment).toEqual(first);
  });

  it('finds the free place of a task that others are taking at that moment', async () => {
    for (let round = 0; round < 10; round += 1) {
      const project = await comparisons(1, { overlap: 3 });
      const assignments = await Promise.all([ann, bob, cem].map((person) => claimed(t, project, person)));
      expect(new Set(assignments.map(({ id }) => id)).size).toBe(3);
    }
  });

  it('says that the rest is in other hands, and until when', async () => {
    const project = await comparisons(1);
    const { leaseUntil } = await claimed(t, project, ann);
    const queue = await t.call(tasks.queue, { params: { projectId: project.id }, query: {} }, bob);
    expect(queue).toMatchObject({ reason: 'in_hands', inHand: 1, nextExpiry: leaseUntil });
  });

  it('gives work that was begun first, unless the client says that it has it', async () => {
    const project = await comparisons(4);
    const first = await claimed(t, project, ann);
    const second = await claimed(t, project, ann);
    expect(second.id).not.toBe(first.id);
    await t.call(tasks.saveDraft, { ...of(first), body: { draft: { places: { A: 1 } }, revision: 0 } }, ann);
    const back = await claimed(t, project, ann);
    expect(back).toMatchObject({ id: first.id, draft: { places: { A: 1 } }, revision: 1 });
    const claim = { params: { projectId: project.id }, body: { holding: [first.id] } };
    expect((await t.call(tasks.claim, claim, ann))?.assignment.id).toBe(second.id);
    const other = await t.call(tasks.claim, { ...claim, body: { holding: [first.id, second.id] } }, ann);
    expect([first.id, second.id]).not.toContain(other?.assignment.id);
  });

  it('hands nothing to strangers and nothing of an archived project', async () => {
    const project = await comparisons(1);
    const stranger = await t.person('trainer');
    const claim = { params: { projectId: project.id }, body: {} };
    await t.refused('not_found', tasks.claim, claim, stranger);
    await t.refused('not_signed_in', tasks.claim, claim);
    await t.call(changeProject, { params: { projectId: project.id }, body: { archived: true } }, admin);
    await t.refused('archived', tasks.claim, claim, ann);
    expect((await t.call(tasks.queue, { ...claim, query: {} }, ann)).reason).toBe('archived');
  });

  it('never gives a trainer what they wrote', async () => {
    const project = await projectWith(t, admin, [ann, bob]);
    await seedComparisons(t.database.db, project.id, 2, { authors: [ann.id] });
    const claim = { params: { projectId: project.id }, body: {} };
    expect(await t.call(tasks.claim, claim, ann)).toBeNull();
    expect((await t.call(tasks.queue, { ...claim, query: {} }, ann)).reason).toBe('authored');
    expect(await workOff(t, project, bob)).toHaveLength(2);
  });

  it('follows a change of the overlap', async () => {
    const project = await comparisons(2);
    await workOff(t, project, ann);
    await t.call(changeProject, { params: { projectId: project.id }, body: { overlap: { comparison: 2 } } }, admin);
    expect(await workOff(t, project, bob)).toHaveLength(2);
    expect(await breaches(t.database.db)).toEqual([]);
  });
});

describe('submitting', () => {
  it('answers the same submission sent again with the first answer, and refuses another one', async () => {
    const project = await comparisons(1);
    const assignment = await claimed(t, project, ann);
    const body = { ...rankedAsShown(assignment), activeMs: 5 };
    const [first, second] = await Promise.all([
      t.call(tasks.submit, { ...of(assignment), body }, ann),
      t.call(tasks.submit, { ...of(assignment), body: { ...body, activeMs: 9 } }, ann),
    ]);
    expect(first).toMatchObject({ assignment: { state: 'submitted' } });
    expect(second).toEqual(first);
    await t.refused(
      'already_submitted',
      tasks.submit,
      { ...of(assignment), body: { ranking: [['A', 'B', 'C', 'D']] } },
      ann,
    );
    expect(await breaches(t.database.db)).toEqual([]);
  });

  it('names what is wrong with a ranking, and keeps the assignment open', async () => {
    const project = await comparisons(1);
    const assignment = await claimed(t, project, ann);
    const refuse = (ranking: unknown) =>
      t.refused('invalid', tasks.submit, { ...of(assignment), body: { ranking } as never }, ann);
    expect((await refuse([['A'], ['B']])).errors).toEqual([{ path: 'ranking', message: 'C, D are not ranked' }]);
    expect((await refuse([['A'], ['B'], ['C', 'A'], ['D']])).errors?.[0]).toMatchObject({ path: 'ranking.2.1' });
    expect((await refuse([['A'], ['B'], ['C'], ['D'], ['E']])).errors?.[0]).toMatchObject({ path: 'ranking.4.0' });
    expect((await refuse([['A', 'B'], [], ['C', 'D']])).errors?.[0]).toMatchObject({ path: 'ranking.1' });
    expect((await refuse('best')).errors?.[0]?.path).toBe('ranking');
    const strange = { ...of(assignment), body: { ...rankedAsShown(assignment), verdict: 'fine' } as never };
    expect((await t.refused('invalid', tasks.submit, strange, ann)).detail).toMatch(/verdict/);
    const dialogue = {
      messages: [
        { role: 'user' as const, content: 'a' },
        { role: 'assistant' as const, content: 'b' },
      ],
    };
    expect((await t.refused('invalid', tasks.submit, { ...of(assignment), body: dialogue }, ann)).detail).toMatch(
      /ranking/,
    );
    await t.call(tasks.submit, { ...of(assignment), body: rankedAsShown(assignment) }, ann);
  });

  it("is refused for someone else's assignment", async () => {
    const project = await comparisons(1);
    const assignment = await claimed(t, project, ann);
    await t.refused('not_found', tasks.submit, { ...of(assignment), body: rankedAsShown(assignment) }, bob);
    await t.refused('not_found', tasks.saveDraft, { ...of(assignment), body: { draft: {}, revision: 0 } }, bob);
    await t.refused('not_found', tasks.skip, { ...of(assignment), body: { reason: 'x' } }, bob);
    await t.refused('not_found', tasks.readAssignment, of(assignment), bob);
  });

  it("keeps the rubric's answers, and refuses those that the rubric does not ask", async () => {
    const project = await comparisons(2, { rubric: 'instructgpt' });
    const assignment = await claimed(t, project, ann);
    const ranked = rankedAsShown(assignment);
    const wrong = { ...of(assignment), body: { ...ranked, ratings: { B: { overall: 8 } } } };
    expect((await t.refused('invalid', tasks.submit, wrong, ann)).errors?.[0]?.path).toBe('ratings.B.overall');
    const unknown = { ...of(assignment), body: { ...ranked, ratings: { A: { flags: ['rude'] } } } };
    expect((await t.refused('invalid', tasks.submit, unknown, ann)).errors?.[0]?.path).toBe('ratings.A.flags');
    const body = {
      ...ranked,
      ratings: { A: { overall: 7, flags: ['opinion'] }, D: { flags: { hallucination: true, violent: false } } },
      comment: 'fine',
    };
    await t.call(tasks.submit, { ...of(assignment), body }, ann);
    const { assignment: read } = await t.call(tasks.readAssignment, of(assignment), ann);
    expect(read.draft).toEqual({ ...body, ratings: { A: body.ratings.A, D: { flags: ['hallucination'] } } });
  });
});

describe('leases', () => {
  it('frees the place of a lease that ran out; a late submission takes a free place or becomes surplus', async () => {
    const project = await comparisons(1, { leaseMinutes: 5 });
    const late = await claimed(t, project, ann);
    t.ahead += 6 * minute;
    const taken = await claimed(t, project, bob);
    const kept = await t.call(tasks.saveDraft, { ...of(late), body: { draft: { a: 1 }, revision: 0 } }, ann);
    expect(kept).toMatchObject({ state: 'expired', revision: 1 });
    expect(await t.call(tasks.submit, { ...of(taken), body: rankedAsShown(taken) }, bob)).toMatchObject({
      assignment: { state: 'submitted' },
    });
    const answer = await t.call(tasks.submit, { ...of(late), body: rankedAsShown(late) }, ann);
    expect(answer).toMatchObject({ assignment: { state: 'surplus', reopenUntil: null } });
    expect(await t.call(tasks.submit, { ...of(late), body: rankedAsShown(late) }, ann)).toEqual(answer);
    expect(await breaches(t.database.db)).toEqual([]);
  });

  it('takes the place back where it is still free: by a sign of life, or by the late submission itself', async () => {
    const project = await comparisons(2, { leaseMinutes: 5 });
    const [one, two] = [await claimed(t, project, ann), await claimed(t, project, ann)];
    t.ahead += 6 * minute;
    const { expireOverdue } = await import('../../server/tasks/expiry.ts');
    expect(await expireOverdue(t.database.db, t.context.clock())).toBeGreaterThanOrEqual(2);
    expect(await t.call(tasks.renew, { ...of(one), body: {} }, ann)).toMatchObject({ state: 'active' });
    expect(await t.call(tasks.submit, { ...of(two), body: rankedAsShown(two) }, ann)).toMatchObject({
      assignment: { state: 'submitted' },
    });
    expect(await breaches(t.database.db)).toEqual([]);
  });

  it('stay as long as the trainer gives signs of life', async () => {
    const project = await comparisons(1, { leaseMinutes: 5 });
    const assignment = await claimed(t, project, ann);
    for (let round = 0; round < 3; round += 1) {
      t.ahead += 4 * minute;
      await t.call(tasks.renew, { ...of(assignment), body: {} }, ann);
    }
    expect(await t.call(tasks.claim, { params: { projectId: project.id }, body: {} }, bob)).toBeNull();
  });

  it('that ran out come back with their draft', async () => {
    const project = await comparisons(1, { leaseMinutes: 5 });
    const assignment = await claimed(t, project, ann);
    await t.call(tasks.saveDraft, { ...of(assignment), body: { draft: { half: 'done' }, revision: 0 } }, ann);
    t.ahead += 6 * minute;
    expect(await claimed(t, project, ann)).toMatchObject({
      id: assignment.id,
      state: 'active',
      draft: { half: 'done' },
    });
    expect(await breaches(t.database.db)).toEqual([]);
  });
});

describe('drafts', () => {
  it('carry a revision: what a stale tab sends is refused with what is stored', async () => {
    const project = await comparisons(1);
    const assignment = await claimed(t, project, ann);
    const save = (draft: object, revision: number) => ({ ...of(assignment), body: { draft: { ...draft }, revision } });
    expect(await t.call(tasks.saveDraft, save({ text: 'one' }, 0), ann)).toMatchObject({
      revision: 1,
      state: 'active',
    });
    const conflict = await t.refused('draft_conflict', tasks.saveDraft, save({ text: 'stale' }, 0), ann);
    expect(conflict.current).toEqual({ revision: 1, draft: { text: 'one' } });
    await t.call(tasks.saveDraft, save({ text: 'two' }, 1), ann);
    expect((await t.call(tasks.readAssignment, of(assignment), ann)).assignment.draft).toEqual({ text: 'two' });
  });

  it('sent again because the answer was lost are answered as before', async () => {
    const project = await comparisons(1);
    const assignment = await claimed(t, project, ann);
    const save = { ...of(assignment), body: { draft: { text: 'one', list: [1, { a: null }] }, revision: 0 } };
    const first = await t.call(tasks.saveDraft, save, ann);
    expect(await t.call(tasks.saveDraft, save, ann)).toMatchObject({ revision: first.revision, state: 'active' });
  });

  it('of which two are sent at once are kept once, and the other is told', async () => {
    const project = await comparisons(1);
    const assignment = await claimed(t, project, ann);
    const answers = await Promise.all(
      ['one', 'two'].map((text) =>
        t.send(tasks.saveDraft, { ...of(assignment), body: { draft: { text }, revision: 0 } }, ann),
      ),
    );
    expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([200, 409]);
  });

  it('with text that cannot be stored are refused by name of the field', async () => {
    const project = await comparisons(1);
    const assignment = await claimed(t, project, ann);
    for (const text of ['nul \0 inside', 'half \ud800 pair']) {
      const save = { ...of(assignment), body: { draft: { deep: [{ text }] }, revision: 0 } };
      expect((await t.refused('invalid', tasks.saveDraft, save, ann)).errors?.[0]?.path).toBe('draft.deep.0.text');
    }
    const large = { ...of(assignment), body: { draft: { text: 'x'.repeat(4_000_001) }, revision: 0 } };
    await t.refused('too_large', tasks.saveDraft, large, ann);
  });
});

describe('a membership that ended', () => {
  it('leaves what was written, and takes the places', async () => {
    const project = await comparisons(2);
    const assignment = await claimed(t, project, ann);
    const done = await claimed(t, project, ann);
    await t.call(tasks.submit, { ...of(done), body: rankedAsShown(done) }, ann);
    await t.call(removeMember, { params: { projectId: project.id, userId: ann.id } }, admin);
    const save = { ...of(assignment), body: { draft: { a: 1 }, revision: 0 } };
    expect(await t.call(tasks.saveDraft, save, ann)).toMatchObject({ state: 'expired', revision: 1 });
    expect(await t.call(tasks.renew, { ...of(assignment), body: {} }, ann)).toMatchObject({ state: 'expired' });
    await t.refused('not_found', tasks.reopen, of(done), ann);
    expect(await workOff(t, project, bob)).toHaveLength(1);
    const late = await t.call(tasks.submit, { ...of(assignment), body: rankedAsShown(assignment) }, ann);
    expect(late).toMatchObject({ assignment: { state: 'surplus' } });
    expect(await breaches(t.database.db)).toEqual([]);
  });
});

describe('an archived project', () => {
  it('takes what is in hand, and gives nothing back', async () => {
    const project = await comparisons(2);
    const [one, two] = [await claimed(t, project, ann), await claimed(t, project, ann)];
    await t.call(tasks.submit, { ...of(one), body: rankedAsShown(one) }, ann);
    await t.call(changeProject, { params: { projectId: project.id }, body: { archived: true } }, admin);
    await t.call(tasks.submit, { ...of(two), body: rankedAsShown(two) }, ann);
    await t.refused('archived', tasks.reopen, of(one), ann);
    expect(await breaches(t.database.db)).toEqual([]);
  });
});

describe('skipping, giving back, reopening', () => {
  it('skipped work goes to others and does not come back', async () => {
    const project = await comparisons(1);
    const assignment = await claimed(t, project, ann);
    const skip = { ...of(assignment), body: { reason: 'language', comment: 'Finnish' } };
    const answer = await t.call(tasks.skip, skip, ann);
    expect(answer).toMatchObject({ assignment: { state: 'skipped' } });
    expect(await t.call(tasks.skip, skip, ann)).toEqual(answer);
    const [kept] = await t.database.db._.session.all(
      sql`select skip_reason, comment from assignments where id = ${assignment.id}::uuid`,
    );
    expect(kept).toEqual({ skip_reason: 'language', comment: 'Finnish' });
    await t.refused('invalid', tasks.skip, { ...of(assignment), body: { reason: ' ' } }, ann);
    expect(await t.call(tasks.claim, { params: { projectId: project.id }, body: {} }, ann)).toBeNull();
    expect(await workOff(t, project, bob)).toHaveLength(1);
    expect(await breaches(t.database.db)).toEqual([]);
  });

  it('work given back may come again, with its draft', async () => {
    const project = await comparisons(1);
    const assignment = await claimed(t, project, ann);
    await t.call(tasks.saveDraft, { ...of(assignment), body: { draft: { a: 1 }, revision: 0 } }, ann);
    await t.call(tasks.release, of(assignment), ann);
    expect(await claimed(t, project, ann)).toMatchObject({ id: assignment.id, draft: { a: 1 } });
    expect(await breaches(t.database.db)).toEqual([]);
  });

  it('a submission can be taken back for a while, keeps its place, and can be changed', async () => {
    const project = await comparisons(1, { reopenMinutes: 10 });
    const assignment = await claimed(t, project, ann);
    const body = { ...rankedAsShown(assignment), comment: 'first' };
    const { assignment: ended } = await t.call(tasks.submit, { ...of(assignment), body }, ann);
    expect(Date.parse(ended.reopenUntil ?? '') - Date.parse(ended.endedAt)).toBe(10 * minute);
    t.ahead += 9 * minute;
    const { assignment: open } = await t.call(tasks.reopen, of(assignment), ann);
    expect(open).toMatchObject({ id: assignment.id, state: 'active', draft: body });
    expect(await t.call(tasks.claim, { params: { projectId: project.id }, body: {} }, bob)).toBeNull();
    expect(await breaches(t.database.db)).toEqual([]);
    await t.call(tasks.submit, { ...of(assignment), body: { ranking: [['A', 'B', 'C', 'D']] } }, ann);
    const twice = await Promise.all([1, 2, 3].map(() => t.call(tasks.reopen, of(assignment), ann)));
    expect(new Set(twice.map((answer) => JSON.stringify(answer.assignment.draft))).size).toBe(1);
    await t.call(tasks.submit, { ...of(assignment), body: { ranking: [['A', 'B', 'C', 'D']] } }, ann);
    t.ahead += 11 * minute;
    await t.refused('too_late', tasks.reopen, of(assignment), ann);
    expect(await breaches(t.database.db)).toEqual([]);
  });
});

describe('demonstrations', () => {
  const user = (content: string) => ({ role: 'user' as const, content });
  const assistant = (content: string) => ({ role: 'assistant' as const, content });

  it('go on from a prompt and become a conversation', async () => {
    const project = await projectWith(t, admin, [ann], { limits: { maxTurns: 5, maxCharacters: 50 } });
    await seedPrompts(t.database.db, project.id, 1);
    const assignment = await claimed(t, project, ann);
    expect(assignment).toMatchObject({
      kind: 'demonstration',
      task: { conversation: [{ role: 'user', content: 'Prompt 1' }] },
    });
    const refuse = async (messages: object[]) =>
      (await t.refused('invalid', tasks.submit, { ...of(assignment), body: { messages } as never }, ann)).errors?.[0]
        ?.path;
    expect(await refuse([user('Prompt 1'), assistant('x'), user('y')])).toBe('messages');
    expect(await refuse([assistant('x'), user('y')])).toBe('messages.0.role');
    expect(await refuse([user('x'), { role: 'system', content: 'z' }, assistant('y')])).toBe('messages.1.role');
    expect(await refuse([user('x'), assistant(' ')])).toBe('messages.1.content');
    expect(await refuse([user('x'), assistant('y'.repeat(51))])).toBe('messages.1.content');
    expect(await refuse([1, 2, 3].flatMap(() => [user('x'), assistant('y')]))).toBe('messages');
    expect(await refuse([user('x')])).toBe('messages');
    const messages = [
      { role: 'system' as const, content: 'Be brief.' },
      user('Prompt 1'),
      assistant('مرحبا'),
      user('?'),
      assistant('!'),
    ];
    await t.call(tasks.submit, { ...of(assignment), body: { messages, comment: 'was fun' } }, ann);
    const { assignment: open } = await t.call(tasks.reopen, of(assignment), ann);
    expect(open.draft).toEqual({ messages, comment: 'was fun' });
    await t.call(tasks.submit, { ...of(assignment), body: { messages: messages.slice(1) } }, ann);
    expect(await breaches(t.database.db)).toEqual([]);
  });
});

describe('a demonstration of a long prompt', () => {
  it('is held to the limits only where the trainer wrote it', async () => {
    const project = await projectWith(t, admin, [ann], { limits: { maxTurns: 2, maxCharacters: 10 } });
    const prompt = ['a long question indeed', 'a long answer indeed', 'ok'].map((content, index) => ({
      role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
      content,
    }));
    const upload = { params: { projectId: project.id }, query: { format: 'prompts' as const } };
    await t.call(importLines, { ...upload, body: JSON.stringify({ messages: prompt }) }, admin);
    const assignment = await claimed(t, project, ann);
    const answer = (content: string) => [...prompt, { role: 'assistant' as const, content }];
    const long = { ...of(assignment), body: { messages: answer('much too long') } };
    expect((await t.refused('invalid', tasks.submit, long, ann)).errors?.[0]?.path).toBe('messages.3.content');
    await t.call(tasks.submit, { ...of(assignment), body: { messages: answer('ok') } }, ann);
    const authors = await t.database.db._.session.all<{ author_kind: string }>(
      sql`select m.author_kind from messages m join conversations c on c.id = m.conversation_id
          where c.assignment_id = ${assignment.id}::uuid order by m.id`,
    );
    expect(authors.map((row) => row.author_kind)).toEqual(['import', 'import', 'import', 'trainer']);
  });

  it('of 100 messages of 30,000 characters in any script is drafted and submitted', async () => {
    const project = await projectWith(t, admin, [ann], { limits: { maxTurns: 100 } });
    await seedPrompts(t.database.db, project.id, 1);
    const assignment = await claimed(t, project, ann);
    const messages = Array.from({ length: 100 }, (_, index) => ({
      role: index % 2 === 0 ? ('user' as const) : ('assistant' as const),
      content: '話'.repeat(30_000),
    }));
    await t.call(tasks.saveDraft, { ...of(assignment), body: { draft: { messages }, revision: 0 } }, ann);
    await t.call(tasks.submit, { ...of(assignment), body: { messages } }, ann);
    expect((await t.call(tasks.readAssignment, of(assignment), ann)).assignment.draft).toEqual({ messages });
  });
});

describe('my work', () => {
  it('sums up today and in all, lists what is begun and what is finished, page by page', async () => {
    const dan = await t.person('trainer');
    const project = await projectWith(t, admin, [dan], { name: 'Sums', reopenMinutes: 30 });
    await seedComparisons(t.database.db, project.id, 6);
    const since = t.context.clock().toISOString();
    t.ahead += 1_000;
    for (let n = 0; n < 4; n += 1) {
      const assignment = await claimed(t, project, dan);
      t.ahead += 10_000;
      await t.call(tasks.submit, { ...of(assignment), body: { ...rankedAsShown(assignment), activeMs: 8_000 } }, dan);
    }
    const begun = await claimed(t, project, dan);
    await t.call(tasks.saveDraft, { ...of(begun), body: { draft: { a: 1 }, revision: 0, activeMs: 900_000 } }, dan);
    const page = await t.call(tasks.myWork, { query: { since, limit: 3 } }, dan);
    expect(page.today).toMatchObject({ comparison: 4, demonstration: 0 });
    // The begun one claims more time than has passed since its claim: only that is believed.
    expect(page.total.activeMs).toBeLessThan(4 * 8_000 + 5_000);
    expect(page.begun.map(({ id }) => id)).toEqual([begun.id]);
    expect(page.items).toHaveLength(3);
    expect(page.items[0]).toMatchObject({
      projectName: 'Sums',
      kind: 'comparison',
      state: 'submitted',
      activeMs: 8_000,
    });
    expect(page.items[0]?.title).toMatch(/^Question \d+: why/);
    const rest = await t.call(tasks.myWork, { query: { since, limit: 3, after: page.next ?? '' } }, dan);
    expect(rest.items).toHaveLength(1);
    expect(rest.next).toBeNull();
    await t.refused('invalid', tasks.myWork, { query: { since, after: 'nowhere' } }, dan);
    const later = await t.call(tasks.myWork, { query: { since: t.context.clock().toISOString() } }, dan);
    expect(later.today).toMatchObject({ comparison: 0 });
    expect(later.total).toMatchObject({ comparison: 4 });
  });
});
