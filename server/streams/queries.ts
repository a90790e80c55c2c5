import { and, eq, inArray, sql } from 'drizzle-orm';
import type { StreamState } from '../../shared/streams.ts';
import { type Database, run, statement } from '../db/database.ts';
import { generations, models, verdicts } from '../db/tables.ts';
import type { ModelRow } from '../models/queries.ts';

export type GenerationRow = typeof generations.$inferSelect;
export type NewGenerationRow = typeof generations.$inferInsert;

export async function insertGenerations(db: Database, rows: NewGenerationRow[]): Promise<GenerationRow[]> {
  return db.insert(generations).values(rows).returning();
}

export async function selectGeneration(db: Database, id: string): Promise<GenerationRow | null> {
  const [row] = await db.select().from(generations).where(eq(generations.id, id));
  return row ?? null;
}

/** A text that is still being written is judged as it grows, and as a whole when it ends. */
const withheld = sql`generations.state not in ('waiting', 'streaming') and exists (
  select from ${verdicts} v where v.message_id = generations.id and v.action = 'block')`;

/** What can be followed of generations: state and text as last stored; without the text of one that moderation withholds. */
export async function selectProgress(
  db: Database,
  ids: string[],
): Promise<Pick<GenerationRow, 'id' | 'state' | 'detail' | 'text' | 'owner'>[]> {
  return db
    .select({
      id: generations.id,
      state: generations.state,
      detail: generations.detail,
      text: sql<string>`case when ${withheld} then '' else ${generations.text} end`,
      owner: generations.owner,
    })
    .from(generations)
    .where(inArray(generations.id, ids));
}

const storeStatement = statement(
  'store_generations',
  `update generations g set text = line.text, state = line.state, detail = line.detail,
     first_token_at = coalesce(g.first_token_at, line.first_token_at)
   from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::timestamptz[]) as line(id, text, state, detail, first_token_at)
   where g.id = line.id and g.owner = $1::uuid and g.state in ('waiting', 'streaming')`,
);

/** Stores how far generations of this process have come, all at once. */
export async function storeProgress(
  db: Database,
  owner: string,
  rows: readonly { id: string; text: string; state: StreamState; detail: string | null; firstTokenAt: Date | null }[],
): Promise<void> {
  await run(db, storeStatement, [
    owner,
    rows.map(({ id }) => id),
    rows.map(({ text }) => text),
    rows.map(({ state }) => state),
    rows.map(({ detail }) => detail),
    rows.map(({ firstTokenAt }) => firstTokenAt?.toISOString() ?? null),
  ]);
}

const endStatement = statement<{ id: string }>(
  'end_generation',
  `with ended as (
     update generations g set state = $3::text, detail = $4::text, text = $5::text, finish_reason = $6::text, usage = $7::jsonb,
       first_token_at = coalesce(g.first_token_at, $8::timestamptz), ended_at = $9::timestamptz, owner = null
     where g.id = $1::uuid and ($2::uuid is null or g.owner = $2::uuid) and g.state in ('waiting', 'streaming')
     returning g.id, g.purpose, g.parent_id, g.model_id, g.text
   ), spoken as (
     insert into messages (id, conversation_id, parent_id, role, content, author_kind, model, generation_id, created_at)
     select ended.id, p.conversation_id, p.id, 'assistant', ended.text, 'model', m.name, ended.id, $9::timestamptz
     from ended join messages p on p.id = ended.parent_id join models m on m.id = ended.model_id
     where ended.purpose = 'chat' and ended.text <> ''
     on conflict (id) do nothing
   )
   select id from ended`,
);

export interface End {
  id: string;
  /** The process that writes it; null ends it whoever does. */
  owner: string | null;
  state: Extract<StreamState, 'done' | 'stopped' | 'failed'>;
  detail: string | null;
  text: string;
  finishReason: string | null;
  usage: { input: number; output: number } | null;
  firstTokenAt: Date | null;
  now: Date;
}

/**
 * Ends a generation, and puts what it wrote for a chat into the tree: a message with the generation's id, however it ended,
 * unless there is no text, or a client made a message of that id meanwhile. False where it had ended, or belongs to another process by now.
 */
export async function endGeneration(db: Database, end: End): Promise<boolean> {
  const rows = await run(db, endStatement, [
    end.id,
    end.owner,
    end.state,
    end.detail,
    end.text,
    end.finishReason,
    end.usage && JSON.stringify(end.usage),
    end.firstTokenAt?.toISOString() ?? null,
    end.now.toISOString(),
  ]);
  return rows.length > 0;
}

const livingStatement = statement<{ living: number }>(
  'living_processes',
  `with me as (
     insert into processes (id, alive_at) values ($1::uuid, now())
     on conflict (id) do update set alive_at = excluded.alive_at
   ), gone as (
     delete from processes where alive_at < now() - interval '1 hour'
   )
   select 1 + count(*)::int as living from processes
   where id <> $1::uuid and alive_at > now() - make_interval(secs => $2::float8)`,
);

/**
 * A sign of life of this process. Says how many live, this one included: gave a sign within so many seconds, by the clock of
 * the database, as those of several machines may differ by more.
 */
export async function beAlive(db: Database, id: string, within: number): Promise<number> {
  const [row] = await run(db, livingStatement, [id, within]);
  return row?.living ?? 1;
}

/** Takes this process off the list, and leaves what it was writing to the others. */
export async function depart(db: Database, id: string): Promise<void> {
  await db.execute(sql`delete from processes where id = ${id}`);
  await db.execute(sql`
    update generations set owner = null where owner = ${id} and state in ('waiting', 'streaming')`);
}

/** Takes over, for this process, generations that nobody living writes; at most `limit`. */
export async function takeOver(
  db: Database,
  me: string,
  within: number,
  limit: number,
): Promise<{ generation: GenerationRow; model: ModelRow }[]> {
  const orphans = db
    .select({ id: generations.id })
    .from(generations)
    .where(
      and(
        inArray(generations.state, ['waiting', 'streaming']),
        sql`not exists (select from processes p where p.id = ${generations.owner}
          and p.alive_at > now() - make_interval(secs => ${within}))`,
      ),
    )
    .limit(limit)
    .for('update', { skipLocked: true });
  const taken = await db
    .update(generations)
    .set({ owner: me })
    .where(inArray(generations.id, orphans))
    .returning({ id: generations.id });
  if (taken.length === 0) return [];
  const rows = await db
    .select()
    .from(generations)
    .innerJoin(models, eq(models.id, generations.modelId))
    .where(
      inArray(
        generations.id,
        taken.map(({ id }) => id),
      ),
    );
  return rows.map((row) => ({ generation: row.generations, model: row.models }));
}
