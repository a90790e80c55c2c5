import { sql } from 'drizzle-orm';
import { v7 as newId } from 'uuid';
import type { Database } from '../../server/db/database.ts';

/**
 * Writes `count` open comparison tasks straight into the tables, far faster than an import could: a user message and `k`
 * completions of some 200 characters each. For tests and the benchmark of handing out.
 */
export async function seedComparisons(
  db: Database,
  projectId: string,
  count: number,
  { k = 4, overlap = 1, authors = [] as string[] } = {},
): Promise<void> {
  const chunk = 100_000;
  for (let first = 1; first <= count; first += chunk) {
    const last = Math.min(count, first + chunk - 1);
    await db.execute(sql`
      with made as materialized (
        select n, gen_random_uuid() as conversation_id, gen_random_uuid() as prompt_id, gen_random_uuid() as comparison_id,
          array(select gen_random_uuid() from generate_series(1, ${k}::int) where n > 0) as completion_ids
        from generate_series(${first}::int, ${last}::int) n
      ), c as (
        insert into conversations (id, project_id, kind, import_key)
        select conversation_id, ${projectId}::uuid, 'dialogue', 'seed:' || n || ':' || conversation_id from made
      ), p as (
        insert into messages (id, conversation_id, role, content, author_kind)
        select prompt_id, conversation_id, 'user', 'Question ' || n || ': ' || repeat('why is this so? ', 10), 'import' from made
      ), a as (
        insert into messages (id, conversation_id, parent_id, role, content, author_kind, model)
        select completion_ids[i], conversation_id, prompt_id, 'assistant', 'Answer ' || i || ' to ' || n || ': ' || repeat('because of this. ', 11),
          'model', 'model-' || i
        from made, generate_series(1, ${k}::int) i
      ), q as (
        insert into comparisons (id, project_id, conversation_id, prompt_message_id, completion_ids)
        select comparison_id, ${projectId}::uuid, conversation_id, prompt_id, completion_ids from made
      ), t as (
        insert into tasks (id, project_id, kind, conversation_id, prompt_message_id, comparison_id, overlap, position, authors)
        select gen_random_uuid(), ${projectId}::uuid, 'comparison', conversation_id, prompt_id, comparison_id, ${overlap}::int,
          floor(random() * 2147483647)::int, ${`{${authors.join(',')}}`}::uuid[]
        from made
      )
      insert into task_progress (project_id, kind, slot, tasks, wanted)
      select ${projectId}::uuid, 'comparison', 0, count(*), count(*) * ${overlap}::int from made
      on conflict (project_id, kind, slot) do update set
        tasks = task_progress.tasks + excluded.tasks, wanted = task_progress.wanted + excluded.wanted`);
  }
}

/** Writes `count` open demonstration tasks: a user message each, to be answered. */
export async function seedPrompts(db: Database, projectId: string, count: number, { overlap = 1 } = {}): Promise<void> {
  await db.execute(sql`
    with made as materialized (
      select n, gen_random_uuid() as conversation_id, gen_random_uuid() as prompt_id from generate_series(1, ${count}::int) n
    ), c as (
      insert into conversations (id, project_id, kind, import_key)
      select conversation_id, ${projectId}::uuid, 'prompt', 'seed:' || n || ':' || conversation_id from made
    ), p as (
      insert into messages (id, conversation_id, role, content, author_kind)
      select prompt_id, conversation_id, 'user', 'Prompt ' || n, 'import' from made
    ), t as (
      insert into tasks (id, project_id, kind, conversation_id, prompt_message_id, overlap, position, authors)
      select gen_random_uuid(), ${projectId}::uuid, 'demonstration', conversation_id, prompt_id, ${overlap}::int,
        floor(random() * 2147483647)::int, '{}' from made
    )
    insert into task_progress (project_id, kind, slot, tasks, wanted)
    select ${projectId}::uuid, 'demonstration', 0, count(*), count(*) * ${overlap}::int from made
    on conflict (project_id, kind, slot) do update set
      tasks = task_progress.tasks + excluded.tasks, wanted = task_progress.wanted + excluded.wanted`);
}

/**
 * Writes a submitted chat of a trainer straight into the tables: a question, and answers of a model to it side by side.
 */
export async function seedChat(
  db: Database,
  projectId: string,
  trainerId: string,
  { answers = ['An answer.'], question = 'A question?', model = 'Model A', roundId = null as string | null } = {},
): Promise<{ assignmentId: string; questionId: string; answerIds: string[] }> {
  const [taskId, assignmentId, questionId] = [newId(), newId(), newId()];
  const answerIds = answers.map(() => newId());
  await db.execute(sql`
    insert into tasks (id, project_id, kind, overlap, submitted, position, authors)
    values (${taskId}, ${projectId}, 'chat', 1, 1, 0, '{}')`);
  await db.execute(sql`
    insert into assignments (id, task_id, trainer_id, project_id, kind, state, lease_until, seed, claimed_at, ended_at)
    values (${assignmentId}, ${taskId}, ${trainerId}, ${projectId}, 'chat', 'submitted', now(), 0, now(), now())`);
  await db.execute(sql`
    insert into conversations (id, project_id, kind, author_id, assignment_id, round_id)
    values (${assignmentId}, ${projectId}, 'chat', ${trainerId}, ${assignmentId}, ${roundId})`);
  await db.execute(sql`
    insert into chat_endings (id, conversation_id, leaf_id)
    values (${newId()}, ${assignmentId}, ${answerIds[0] ?? questionId})`);
  await db.execute(sql`
    insert into messages (id, conversation_id, role, content, author_kind, author_id)
    values (${questionId}, ${assignmentId}, 'user', ${question}, 'trainer', ${trainerId})`);
  for (const [index, answer] of answers.entries())
    await db.execute(sql`
      insert into messages (id, conversation_id, parent_id, role, content, author_kind, model)
      values (${answerIds[index]}, ${assignmentId}, ${questionId}, 'assistant', ${answer}, 'model', ${model})`);
  return { assignmentId, questionId, answerIds };
}
