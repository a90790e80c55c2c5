import { type Database, run, statement } from '../../db/database.ts';

/*
 * Deleting what a person made. It is rare, and so may look through whole tables.
 */

const madeStatement = statement<{ id: string }>(
  'erase_made',
  `select id from conversations where author_id = $1::uuid`,
);

/** The conversations that a person wrote: demonstrations, chats, and what they asked side by side. */
export async function selectMade(tx: Database, userId: string): Promise<string[]> {
  return (await run(tx, madeStatement, [userId])).map(({ id }) => id);
}

const releasesStatement = statement<{ id: string }>(
  'erase_releases',
  `update releases r set holds_deleted = true, basis = r.basis #- array['names', $1::text]
   where exists (select from release_people p where p.release_id = r.id and p.user_id = $1::uuid)
     or (r.ended_at is null and r.project_id in (
       select project_id from assignments where trainer_id = $1::uuid
       union select project_id from rankings where trainer_id = $1::uuid
       union select project_id from conversations where author_id = $1::uuid
     ))
   returning r.id`,
);

/** Marks the releases that hold work of a person, or are being built of it; how many. */
export async function markReleases(tx: Database, userId: string): Promise<number> {
  return (await run(tx, releasesStatement, [userId])).length;
}

/** What hangs on conversations goes with them: their comparisons with everyone's rankings, and the tasks. */
const tasksStatement = statement<never>(
  'erase_tasks',
  `with gone as (
     delete from tasks t where t.conversation_id = any($1::uuid[])
     returning t.id, t.project_id, t.kind, t.overlap, t.submitted
   ), handed as (
     delete from assignments a where a.task_id in (select id from gone)
   )
   insert into task_progress (project_id, kind, slot, tasks, wanted, submitted)
   select project_id, kind, 0, -count(*), -sum(overlap), -sum(submitted) from gone group by project_id, kind
   on conflict (project_id, kind, slot) do update set tasks = task_progress.tasks + excluded.tasks,
     wanted = task_progress.wanted + excluded.wanted, submitted = task_progress.submitted + excluded.submitted`,
);
/** What the person had in hand or had done on the tasks that stay; their places are free again. */
const placesStatement = statement<never>(
  'erase_places',
  `with gone as (
     delete from assignments a where a.trainer_id = $1::uuid returning a.task_id, a.project_id, a.kind, a.state
   ), freed as (
     update tasks t set submitted = t.submitted - (gone.state = 'submitted')::int, held = t.held - (gone.state = 'active')::int
     from gone where t.id = gone.task_id
   )
   insert into task_progress (project_id, kind, slot, submitted)
   select project_id, kind, 0, -count(*) from gone where state = 'submitted' group by project_id, kind
   on conflict (project_id, kind, slot) do update set submitted = task_progress.submitted + excluded.submitted`,
);
/** `$1` the person, `$2` their conversations. In this order: what is looked up goes last. */
const workStatements = [
  `delete from rankings r where r.trainer_id = $1::uuid
     or r.comparison_id in (select id from comparisons where conversation_id = any($2::uuid[]))`,
  `delete from comparisons where conversation_id = any($2::uuid[]) and $1::uuid is not null`,
  `delete from samplings where conversation_id = any($2::uuid[]) and $1::uuid is not null`,
  `delete from feedback f where f.user_id = $1::uuid
     or f.message_id in (select id from messages where conversation_id = any($2::uuid[]))`,
  `delete from verdicts v where v.message_id in (
     select id from messages where conversation_id = any($2::uuid[])
     union select id from generations where trainer_id = $1::uuid)`,
  `update verdicts set disputed_by = null, dispute = '' where disputed_by = $1::uuid and $2::uuid[] is not null`,
  `delete from generations g where g.trainer_id = $1::uuid
     or g.id in (select generation_id from messages where conversation_id = any($2::uuid[]))`,
  `delete from messages where conversation_id = any($2::uuid[]) and $1::uuid is not null`,
  `delete from chat_endings where conversation_id = any($2::uuid[]) and $1::uuid is not null`,
  `delete from conversation_roots where conversation_id = any($2::uuid[]) and $1::uuid is not null`,
  `delete from conversations where author_id = $1::uuid and $2::uuid[] is not null`,
].map((text, index) => statement<never>(`erase_work_${index}`, text));

/** Deletes all that a person made, and what others made of it. */
export async function deleteWork(tx: Database, userId: string, conversationIds: readonly string[]): Promise<void> {
  await run(tx, tasksStatement, [conversationIds]);
  await run(tx, placesStatement, [userId]);
  for (const work of workStatements) await run(tx, work, [userId, conversationIds]);
}

/** `$1` the person, `$2` their email. */
const accountStatements = [
  `delete from tokens where user_id = $1::uuid and $2::text is not distinct from $2::text`,
  `delete from members where user_id = $1::uuid and $2::text is not distinct from $2::text`,
  `delete from sign_in_failures where key = 'account:' || $2::text and $1::uuid is not null`,
  `update audit a set details = a.details - 'email' - 'name' from invitations i
   where a.subject = i.id::text and (i.accepted_by = $1::uuid or i.email = $2::text)`,
  `update audit set details = details - 'email' - 'name' where subject = $1::text and $2::text is not distinct from $2::text`,
  `update invitations set email = null where accepted_by = $1::uuid or email = $2::text`,
].map((text, index) => statement<never>(`erase_account_${index}`, text));

const personStatement = statement<never>(
  'erase_person',
  `update users set name = 'Deleted person ' || right(id::text, 12), email = null, password_hash = null, disabled = true,
     role = 'trainer', erased_at = $2::timestamptz where id = $1::uuid`,
);

/** Leaves of an account its id alone. */
export async function emptyAccount(tx: Database, userId: string, email: string | null, now: Date): Promise<void> {
  for (const account of accountStatements) await run(tx, account, [userId, email]);
  await run(tx, personStatement, [userId, now.toISOString()]);
}
