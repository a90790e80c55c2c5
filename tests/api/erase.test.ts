import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { erasePerson, listUsers, readAudit, whoAmI } from '../../shared/accounts.ts';
import { giveFeedback } from '../../shared/feedback.ts';
import { importLines } from '../../shared/imports.ts';
import * as tasks from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { breaches } from '../support/invariants.ts';
import { seedChat } from '../support/seed.ts';
import { projectWith, rankedAsShown } from '../support/work.ts';

let t: TestApp;
let admin: Caller;
let ann: Caller;
let ben: Caller;

beforeAll(async () => {
  t = await startApp();
  [admin, ann, ben] = await Promise.all([
    t.person('admin'),
    t.person('trainer', 'Ann Erased'),
    t.person('trainer', 'Ben Kept'),
  ]);
});
afterAll(() => t.close());

const rows = (query: ReturnType<typeof sql>) => t.database.db._.session.all<Record<string, unknown>>(query);

it('deletes what a person made, frees its places, and marks the releases that hold it', async () => {
  const { db } = t.database;
  const project = await projectWith(t, admin, [ann, ben], { overlap: { comparison: 2 } });
  const params = { projectId: project.id };
  const body = [1, 2, 3]
    .map((n) => JSON.stringify({ prompt: `Which ${n}?`, completions: ['This.', 'That.'] }))
    .join('\n');
  await t.call(importLines, { params, query: { format: 'comparisons' }, body }, admin);
  await t.call(importLines, { params, query: { format: 'prompts' }, body: '{"prompt":"How?"}' }, admin);
  for (const as of [ann, ben])
    for (let n = 0; n < 2; n += 1) {
      const answer = await t.call(tasks.claim, { params, body: { kinds: ['comparison'] } }, as);
      if (answer === null) throw new Error('nothing was handed out');
      const of = { params: { assignmentId: answer.assignment.id } };
      await t.call(tasks.submit, { ...of, body: rankedAsShown(answer.assignment) }, as);
    }
  // In hand.
  await t.call(tasks.claim, { params, body: { kinds: ['comparison'] } }, ann);
  const written = await t.call(tasks.claim, { params, body: { kinds: ['demonstration'] } }, ann);
  const messages = [
    { role: 'user' as const, content: 'How?' },
    { role: 'assistant' as const, content: 'Secretly, by Ann.' },
  ];
  await t.call(tasks.submit, { params: { assignmentId: written?.assignment.id ?? '' }, body: { messages } }, ann);
  // Their chat, of which another has ranked an answer.
  const chat = await seedChat(db, project.id, ann.id, { question: 'Who is Ann?', answers: ['A secret.', 'Nobody.'] });
  await db.execute(
    sql`insert into task_progress (project_id, kind, slot, tasks, wanted, submitted) values (${project.id}, 'chat', 0, 1, 1, 1)`,
  );
  const comparisonId = '01890000-0000-7000-8000-000000000001';
  await db.execute(sql`insert into comparisons (id, project_id, conversation_id, prompt_message_id, completion_ids)
    values (${comparisonId}, ${project.id}, ${chat.assignmentId}, ${chat.questionId}, ${`{${chat.answerIds.join(',')}}`}::uuid[])`);
  await db.execute(sql`insert into rankings (id, project_id, comparison_id, trainer_id, groups)
    values (${comparisonId}, ${project.id}, ${comparisonId}, ${ben.id}, '[[0],[1]]')`);
  await t.call(
    giveFeedback,
    { params: { messageId: chat.answerIds[0] ?? '' }, body: { thumb: 'up', text: 'Good for Ann.', report: null } },
    ann,
  );
  const release = (n: number, who: string) => sql`
    with made as (
      insert into releases (id, project_id, number, name, notes, definition, moment, state, destination, basis, ended_at)
      values (gen_random_uuid(), ${project.id}, ${n}, '', '', '{}', now(), 'ready', 'disk', ${JSON.stringify({ names: { [who]: 'X' } })}, now())
      returning id
    ) insert into release_people select id, ${who}::uuid from made`;
  await db.execute(release(1, ann.id));
  await db.execute(release(2, ben.id));
  expect(await breaches(db)).toEqual([]);

  const input = (confirm: string, userId = ann.id) => ({ params: { userId }, body: { confirm } });
  expect(await t.refused('invalid', erasePerson, input('ben'), admin)).toMatchObject({ errors: [{ path: 'confirm' }] });
  await t.refused('forbidden', erasePerson, input(ann.email), ann);
  await t.refused('conflict', erasePerson, input(admin.email, admin.id), admin);
  await t.refused('not_found', erasePerson, input('x', '01890000-0000-7000-8000-0000000000ff'), admin);

  expect(await t.call(erasePerson, input(` ${ann.email.toUpperCase()}`), admin)).toEqual({
    conversations: 2,
    releases: 1,
  });
  expect(await breaches(db)).toEqual([]);
  await t.refused('not_signed_in', whoAmI, {}, ann);
  expect((await t.call(listUsers, {}, admin)).users.map(({ name }) => name)).not.toContain('Ann Erased');
  await t.refused('not_found', erasePerson, input(ann.email), admin);
  expect(
    await rows(
      sql`select number, holds_deleted, basis -> 'names' = '{}' as nameless from releases where project_id = ${project.id} order by number`,
    ),
  ).toEqual([
    { number: 1, holds_deleted: true, nameless: true },
    { number: 2, holds_deleted: false, nameless: false },
  ]);
  expect(
    await rows(sql`select (select count(*)::int from rankings where project_id = ${project.id}) as rankings,
      (select count(*)::int from feedback where project_id = ${project.id}) as feedback,
      (select count(*)::int from conversations where project_id = ${project.id}) as conversations,
      (select count(*)::int from chat_endings where conversation_id = ${chat.assignmentId}) as endings,
      (select count(*)::int from assignments where trainer_id = ${ann.id}) as assignments,
      (select count(*)::int from members where user_id = ${ann.id}) as members,
      (select count(*)::int from messages where content ilike '%secret%' or author_id = ${ann.id}) as messages`),
  ).toEqual([{ rankings: 2, feedback: 0, conversations: 4, endings: 0, assignments: 0, members: 0, messages: 0 }]);
  // Nothing anywhere tells who it was.
  const tables = await rows(sql`select table_name from information_schema.tables where table_schema = 'public'`);
  for (const { table_name } of tables) {
    const found = await rows(
      sql.raw(
        `select count(*)::int as n from "${String(table_name)}" t where t::text ilike '%Ann Erased%' or t::text ilike '%${ann.email}%'`,
      ),
    );
    expect(found, String(table_name)).toEqual([{ n: 0 }]);
  }
  const { entries } = await t.call(readAudit, { query: {} }, admin);
  expect(entries[0]).toMatchObject({
    action: 'user.erase',
    subject: ann.id,
    details: { conversations: 2, releases: 1 },
  });
  // The places are free for others.
  const left = await t.call(tasks.claim, { params, body: { kinds: ['demonstration'] } }, ben);
  expect(left?.assignment.kind).toBe('demonstration');
});
