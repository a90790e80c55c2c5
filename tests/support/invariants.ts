import { sql } from 'drizzle-orm';
import type { Database } from '../../server/db/database.ts';

/**
 * What must hold of handed-out work at every moment, asked of the tables themselves. Answers with a
 * sentence for each breach. `overlap` is the highest that the project's tasks ever had: what was given out by it stays.
 */
export async function breaches(db: Database, allowed?: { projectId: string; overlap: number }): Promise<string[]> {
  const checks: Record<string, ReturnType<typeof sql>> = {
    'a task is in more hands than it has places': sql`
      select id from tasks where ${
        allowed
          ? sql`held + submitted > greatest(overlap, ${allowed.overlap}::int) and project_id = ${allowed.projectId}::uuid`
          : sql`held + submitted > overlap`
      }`,
    'a task counts other hands than there are': sql`
      select t.id from tasks t left join assignments a on a.task_id = t.id and a.state = 'active'
      group by t.id having t.held <> count(a.id)`,
    'a task counts other submissions than there are': sql`
      select t.id from tasks t left join assignments a on a.task_id = t.id and a.state = 'submitted'
      group by t.id having t.submitted <> count(a.id)`,
    'a trainer has a task twice': sql`select task_id as id from assignments group by task_id, trainer_id having count(*) > 1`,
    'a trainer has a task that they wrote': sql`
      select a.id from assignments a join tasks t on t.id = a.task_id where a.trainer_id = any(t.authors)`,
    'a submission has not exactly one standing result': sql`
      select a.id from assignments a
      where a.state in ('submitted', 'surplus') and 1 <>
        (select count(*) from rankings r where r.assignment_id = a.id and r.withdrawn_at is null)
        + (select count(*) from conversations c where c.assignment_id = a.id and c.kind <> 'chat' and c.withdrawn_at is null)
        + (select count(*) from chat_endings e where e.conversation_id = a.id and e.withdrawn_at is null)`,
    'a result stands without a submission': sql`
      select r.id from rankings r left join assignments a on a.id = r.assignment_id
      where r.withdrawn_at is null and r.assignment_id is not null
        and (a.state is null or a.state not in ('submitted', 'surplus') or (a.state = 'surplus') <> r.surplus)`,
    'a chat stands ended without a submission': sql`
      select e.id from chat_endings e left join assignments a on a.id = e.conversation_id
      where e.withdrawn_at is null
        and (a.state is null or a.state not in ('submitted', 'surplus') or (a.state = 'surplus') <> e.surplus)`,
    'the progress sums are off': sql`
      select p.project_id as id from
        (select project_id, kind, sum(tasks) as tasks, sum(wanted) as wanted, sum(submitted) as submitted
         from task_progress group by project_id, kind) p
      full join
        (select project_id, kind, count(*) as tasks, sum(overlap) as wanted, sum(submitted) as submitted
         from tasks group by project_id, kind) t on t.project_id = p.project_id and t.kind = p.kind
      where coalesce(p.tasks, 0) <> coalesce(t.tasks, 0) or coalesce(p.wanted, 0) <> coalesce(t.wanted, 0)
        or coalesce(p.submitted, 0) <> coalesce(t.submitted, 0)`,
  };
  const all = Object.entries(checks).map(
    ([sentence, query]) => sql`select ${sentence}::text as sentence, found.id from (${query}) found`,
  );
  const rows = await db._.session.all<{ sentence: string; id: string }>(sql.join(all, sql` union all `));
  return rows.map(({ sentence, id }) => `${sentence}: ${id}`);
}
