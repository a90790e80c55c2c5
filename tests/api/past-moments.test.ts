import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importLines } from '../../shared/imports.ts';
import { giveFeedback } from '../../shared/feedback.ts';
import * as tasks from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { seedChat } from '../support/seed.ts';
import { projectWith, rankedAsShown } from '../support/work.ts';

/*
 * A release sees what was there at a moment of the database's clock. What comes later must not look older, however slow the
 * clock of the server that wrote it.
 */

let t: TestApp;
let admin: Caller;
let ann: Caller;

beforeAll(async () => {
  t = await startApp();
  [admin, ann] = await Promise.all([t.person('admin'), t.person('trainer')]);
});
afterAll(() => t.close());

it('nothing that a release reads is older than when it was written', async () => {
  const { db } = t.database;
  const project = await projectWith(t, admin, [ann], {});
  const params = { projectId: project.id };
  const [row] = await db._.session.all<{ moment: string }>(sql`select clock_timestamp()::text as moment`);
  const moment = row?.moment ?? '';
  t.ahead = -3_600_000;
  await t.call(
    importLines,
    {
      params,
      query: { format: 'comparisons' },
      body: JSON.stringify({ prompt: 'Why?', completions: ['So.', 'No.'], rankings: [{ ranking: [[0], [1]] }] }),
    },
    admin,
  );
  await t.call(importLines, { params, query: { format: 'prompts' }, body: '{"prompt":"How?"}' }, admin);
  for (const kind of ['comparison', 'demonstration'] as const) {
    const answer = await t.call(tasks.claim, { params, body: { kinds: [kind] } }, ann);
    const body =
      kind === 'comparison' && answer
        ? rankedAsShown(answer.assignment)
        : {
            messages: [
              { role: 'user' as const, content: 'How?' },
              { role: 'assistant' as const, content: 'Thus.' },
            ],
          };
    const of = { params: { assignmentId: answer?.assignment.id ?? '' } };
    await t.call(tasks.submit, { ...of, body }, ann);
    await t.call(tasks.reopen, of, ann);
    await t.call(tasks.submit, { ...of, body }, ann);
  }
  const { answerIds } = await seedChat(db, project.id, ann.id);
  for (const thumb of ['up', 'down'] as const)
    await t.call(
      giveFeedback,
      { params: { messageId: answerIds[0] ?? '' }, body: { thumb, text: '', report: null } },
      ann,
    );
  const older = await db._.session.all(sql`
    with times as (
      select 'conversation' as what, created_at as at, withdrawn_at as until from conversations where project_id = ${project.id}
      union all select 'comparison', created_at, null from comparisons where project_id = ${project.id}
      union all select 'ranking', created_at, withdrawn_at from rankings where project_id = ${project.id}
      union all select 'feedback', at, replaced_at from feedback where project_id = ${project.id}
    )
    select what, count(*)::int as count, count(until)::int as ended,
      bool_and(at > ${moment}::timestamptz and (until is null or until > at)) as later from times group by what order by what`);
  expect(older).toEqual([
    { what: 'comparison', count: 1, ended: 0, later: true },
    { what: 'conversation', count: 5, ended: 1, later: true },
    { what: 'feedback', count: 2, ended: 1, later: true },
    { what: 'ranking', count: 3, ended: 1, later: true },
  ]);
});
