import { and, desc, eq } from 'drizzle-orm';
import type { Parameters } from '../../../shared/models.ts';
import type { Mix } from '../../../shared/rounds.ts';
import { type Database, run, statement } from '../../db/database.ts';
import { batches, projects } from '../../db/tables.ts';

export type BatchRow = typeof batches.$inferSelect;

/** Has whoever else wants to sample for this project wait until the transaction ends; nobody else waits. */
export async function lockPools(tx: Database, projectId: string): Promise<void> {
  await tx.select({ id: projects.id }).from(projects).where(eq(projects.id, projectId)).for('no key update');
}

/**
 * A page of imported conversations and the samplings for those that want one: they are one path, and its last message (of a
 * dialogue, the last of the user) has no answer asked for or compared yet. The answers to a comparison make a tree.
 */
const fillStatement = statement<{ last: string | null; looked: number; ids: string[] }>(
  'sampling_fill',
  `with page as materialized (
     select id from conversations where project_id = $1::uuid and kind = $2::text and id > $3::uuid order by id limit $4::int
   ), asked as (
     select page.id as conversation_id, prompt.id as prompt_message_id
     from page cross join lateral (
       select case when leaf.role = 'user' then leaf.id when $2::text = 'dialogue' then leaf.parent_id end as id
       from messages leaf
       where leaf.conversation_id = page.id
         and not exists (select from messages m where m.conversation_id = page.id and m.parent_id = leaf.id)
         and (select count(distinct coalesce(m.parent_id, m.conversation_id)) = count(*) from messages m where m.conversation_id = page.id)
     ) prompt
     where prompt.id is not null
       and not exists (select from samplings s where s.prompt_message_id = prompt.id and s.state <> 'failed')
     order by page.id limit $5::int
   ), made as (
     insert into samplings (id, project_id, round_id, origin, batch_id, conversation_id, prompt_message_id, authors, mix, wanted,
       parameters, seed, state, created_at)
     select line.id, $1::uuid, p.round_id, 'pool', $6::uuid, asked.conversation_id, asked.prompt_message_id, '{}', $9::jsonb,
       $10::smallint, $11::jsonb, line.seed, 'waiting', $12::timestamptz
     from (select *, row_number() over (order by conversation_id) as n from asked) asked
     join unnest($7::uuid[], $8::int[]) with ordinality as line(id, seed, n) on line.n = asked.n
     join projects p on p.id = $1::uuid
     returning id
   ), batch as (
     insert into batches (id, project_id, pool, created_at)
     select $6::uuid, $1::uuid, $13::text, $12::timestamptz where exists (select from made)
     on conflict (id) do nothing
   )
   select (select id from page order by id desc limit 1) as last, (select count(*)::int from page) as looked,
     array(select id from made order by id) as ids`,
);

export interface Filling {
  projectId: string;
  batchId: string;
  pool: BatchRow['pool'];
  /** The conversation behind which to go on. */
  after: string;
  /** At most so many samplings. */
  limit: number;
  /** Of the samplings; as many as conversations are looked at. */
  lines: readonly { id: string; seed: number }[];
  mix: Mix;
  wanted: number;
  parameters: Parameters | null;
  now: Date;
}

/** Makes samplings for a page of a pool; the batch comes to be with the first of them. */
export async function fill(
  db: Database,
  { projectId, batchId, pool, after, limit, lines, mix, wanted, parameters, now }: Filling,
): Promise<{ last: string | null; looked: number; ids: string[] }> {
  const [row] = await run(db, fillStatement, [
    projectId,
    pool === 'prompts' ? 'prompt' : 'dialogue',
    after,
    lines.length,
    limit,
    batchId,
    lines.map(({ id }) => id),
    lines.map(({ seed }) => seed),
    JSON.stringify(mix),
    wanted,
    parameters && JSON.stringify(parameters),
    now.toISOString(),
    pool,
  ]);
  if (!row) throw new Error('a select without a table gives one row');
  return row;
}

export async function selectBatch(db: Database, batchId: string): Promise<BatchRow | null> {
  const [row] = await db.select().from(batches).where(eq(batches.id, batchId));
  return row ?? null;
}

/** The latest batches, the newest first. */
export async function selectBatches(db: Database, projectId: string, limit: number): Promise<BatchRow[]> {
  return db.select().from(batches).where(eq(batches.projectId, projectId)).orderBy(desc(batches.id)).limit(limit);
}

/** Marks a batch as cancelled; false where it was before. */
export async function updateCancelled(db: Database, batchId: string): Promise<boolean> {
  const rows = await db
    .update(batches)
    .set({ cancelled: true })
    .where(and(eq(batches.id, batchId), eq(batches.cancelled, false)))
    .returning({ id: batches.id });
  return rows.length > 0;
}

/** States are told by what they are not, for the reason that is beside `beginStatement`. */
const cancelStatement = statement<{ id: string }>(
  'sampling_cancel',
  `update samplings set state = 'failed', detail = 'cancelled', retry_at = null, ended_at = $3::timestamptz
   where state not in ('running', 'done', 'failed') and id = any(array(
     select id from samplings where batch_id = $1::uuid and state = 'waiting' limit $2::int))
   returning id`,
);

/** Ends up to `limit` samplings of a batch that nobody has in hand; says how many. */
export async function cancelWaiting(db: Database, batchId: string, limit: number, now: Date): Promise<number> {
  return (await run(db, cancelStatement, [batchId, limit, now.toISOString()])).length;
}

const retryStatement = statement<{ id: string }>(
  'sampling_retry',
  `update samplings s set state = 'waiting', detail = null, retry_at = null, ended_at = null
   where s.state not in ('waiting', 'running', 'done') and s.id = any($1::uuid[])
     and not exists (select from batches b where b.id = s.batch_id and b.cancelled)
     and not exists (select from samplings o where o.prompt_message_id = s.prompt_message_id and o.id <> s.id
       and o.original_id is not distinct from s.original_id and (o.state <> 'failed' or o.id > s.id))
   returning s.id`,
);

/** Has failed samplings wait again, save those of a cancelled batch and those in whose place another came; says which. */
export async function retry(db: Database, samplingIds: readonly string[]): Promise<string[]> {
  return (await run(db, retryStatement, [samplingIds])).map(({ id }) => id);
}

const failedStatement = statement<{ id: string }>(
  'sampling_failed',
  `select id from samplings where project_id = $1::uuid and state = 'failed' and id > $2::uuid order by id limit $3::int`,
);

/** Failed samplings, from behind `after`. */
export async function selectFailed(db: Database, projectId: string, after: string, limit: number): Promise<string[]> {
  return (await run(db, failedStatement, [projectId, after, limit])).map(({ id }) => id);
}
