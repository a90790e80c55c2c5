import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { changeProject, type Project } from '../../shared/projects.ts';
import * as tasks from '../../shared/tasks.ts';
import { expireOverdue } from '../../server/tasks/expiry.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { engine } from '../support/database.ts';
import { breaches } from '../support/invariants.ts';
import { seedComparisons } from '../support/seed.ts';
import { projectWith, rankedAsShown } from '../support/work.ts';

/*
 * Any sequence of what trainers do, with time passing between, some of it at the same moment: after each step the tables
 * must hold what handing out work promises (see invariants.ts), and at the end nothing that was submitted may be missing.
 */

let t: TestApp;
let admin: Caller;
let trainers: Caller[];

beforeAll(async () => {
  t = await startApp();
  admin = await t.person('admin');
  trainers = await Promise.all([1, 2, 3, 4].map(() => t.person('trainer')));
});
afterAll(() => t.close());

const trainer = fc.nat({ max: 3 });
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('claim' as const), trainer, holding: fc.boolean() }) },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'submit' as const,
        'draft' as const,
        'skip' as const,
        'release' as const,
        'renew' as const,
        'reopen' as const,
      ),
      trainer,
      /** Which of the trainer's assignments so far. */
      which: fc.nat({ max: 20 }),
      /** Sent so many times at once, as by a client that retries. */
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      minutes: fc.integer({ min: 1, max: 12 }),
      sweep: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('overlap' as const), overlap: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rush' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

it('holds whatever trainers do, in whatever order', { timeout: 300_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { minLength: 5, maxLength: 30 }),
      async (overlap, steps) => {
        const project = await projectWith(t, admin, trainers, {
          overlap: { comparison: overlap },
          leaseMinutes: 5,
          reopenMinutes: 20,
        });
        await seedComparisons(t.database.db, project.id, 3, { overlap });
        const mine = new Map<Caller, Map<string, tasks.Assignment>>(trainers.map((person) => [person, new Map()]));
        const submitted = new Set<string>();
        let highest = overlap;
        for (const each of steps) {
          if (each.do === 'overlap') highest = Math.max(highest, each.overlap);
          await take(each, project, mine, submitted);
          const found = await breaches(t.database.db, { projectId: project.id, overlap: highest });
          expect(found, JSON.stringify(each)).toEqual([]);
        }
        for (const id of submitted) {
          const owner = trainers.find((person) => mine.get(person)?.has(id));
          const { assignment } = await t.call(tasks.readAssignment, { params: { assignmentId: id } }, owner);
          expect(['submitted', 'surplus']).toContain(assignment.state);
          expect(assignment.draft).toMatchObject({ comment: id });
        }
      },
    ),
    { numRuns: engine === 'postgres' ? 30 : 10, seed: 20_260_101 },
  );
});

async function take(
  each: Step,
  project: Project,
  mine: Map<Caller, Map<string, tasks.Assignment>>,
  submitted: Set<string>,
): Promise<void> {
  const ask = async (person: Caller, holding?: string[]): Promise<void> => {
    const body = holding ? { holding } : {};
    const answer = await t.call(tasks.claim, { params: { projectId: project.id }, body }, person);
    if (answer) mine.get(person)?.set(answer.assignment.id, answer.assignment);
  };
  if (each.do === 'wait') {
    t.ahead += each.minutes * 60_000;
    if (each.sweep) await expireOverdue(t.database.db, t.context.clock());
    return;
  }
  if (each.do === 'overlap') {
    await t.call(
      changeProject,
      { params: { projectId: project.id }, body: { overlap: { comparison: each.overlap } } },
      admin,
    );
    return;
  }
  if (each.do === 'rush') {
    // Everybody at once, each in two tabs.
    await Promise.all([...trainers, ...trainers].map((person) => ask(person)));
    return;
  }
  const person = trainers[each.trainer];
  if (!person) throw new Error('no such trainer');
  if (each.do === 'claim') return ask(person, each.holding ? [] : undefined);
  const assignment = [...(mine.get(person)?.values() ?? [])].at(each.which % Math.max(1, mine.get(person)?.size ?? 0));
  if (!assignment) return;
  const { id } = assignment;
  const to = { params: { assignmentId: id } };
  const send = {
    submit: () => t.send(tasks.submit, { ...to, body: { ...rankedAsShown(assignment), comment: id } }, person),
    draft: () => t.send(tasks.saveDraft, { ...to, body: { draft: { comment: 'half' }, revision: 0 } }, person),
    skip: () => t.send(tasks.skip, { ...to, body: { reason: 'unclear' } }, person),
    release: () => t.send(tasks.release, to, person),
    renew: () => t.send(tasks.renew, { ...to, body: {} }, person),
    reopen: () => t.send(tasks.reopen, to, person),
  };
  const sent = await Promise.all(Array.from({ length: each.times }, send[each.do]));
  for (const { statusCode, body } of sent) if (statusCode >= 500) throw new Error(body);
  if (each.do === 'submit') {
    // However often it is sent: one answer.
    expect(new Set(sent.map(({ body }) => body)).size).toBe(1);
    if (sent[0]?.statusCode === 200) submitted.add(id);
  }
  if (each.do === 'reopen' && sent.some(({ statusCode }) => statusCode === 200)) submitted.delete(id);
}
