import { and, eq, sql } from 'drizzle-orm';
import type { Message } from '../../../shared/conversations.ts';
import type { Mix } from '../../../shared/rounds.ts';
import { type Database, run, statement } from '../../db/database.ts';
import { generations, samplings, users } from '../../db/tables.ts';
import { type Comparing, comparing, comparingValues } from './comparing.ts';

export type GenerationRow = typeof generations.$inferSelect;

/** What one person asked for side by side, in the order in which it was asked for. */
export async function selectSide(db: Database, sideId: string, userId: string): Promise<GenerationRow[]> {
  return db
    .select()
    .from(generations)
    .where(and(eq(generations.groupId, sideId), eq(generations.purpose, 'side'), eq(generations.trainerId, userId)))
    .orderBy(generations.id);
}

/** Has what this person asks for at the same moment wait until the transaction ends. */
export async function lockAsker(tx: Database, userId: string): Promise<void> {
  await tx.select({ id: users.id }).from(users).where(eq(users.id, userId)).for('no key update');
}

/** How many answers side by side are being written for a person. */
export async function countOpenSides(db: Database, userId: string): Promise<number> {
  const [row] = await db
    .select({ count: sql<number>`count(*)::int` })
    .from(generations)
    .where(
      and(
        eq(generations.trainerId, userId),
        eq(generations.purpose, 'side'),
        // As the index of what is being written says it.
        sql`${generations.state} in ('waiting', 'streaming')`,
      ),
    );
  return row?.count ?? 0;
}

export async function selectComparisonOf(db: Database, samplingId: string): Promise<string | null> {
  const [row] = await db
    .select({ comparisonId: samplings.comparisonId })
    .from(samplings)
    .where(eq(samplings.id, samplingId));
  return row?.comparisonId ?? null;
}

/** The sampling bears the id of what was shown together: the second of two keepings at once finds it and writes nothing. */
const keepSideStatement = statement<{ id: string }>(
  'side_keep',
  `with project as materialized (
     select p.id, (p.overlap ->> 'comparison')::smallint as overlap from projects p where p.id = $2::uuid for key share
   ), fresh as (
     insert into samplings (id, project_id, round_id, origin, conversation_id, prompt_message_id, authors, mix, wanted, seed, state,
       comparison_id, created_at, ended_at)
     select $1::uuid, project.id, $3::uuid, 'side', $4::uuid, ($6::uuid[])[cardinality($6::uuid[])], $9::uuid[], $10::jsonb,
       $11::smallint, $12::int, 'done', $15::uuid, $19::timestamptz, $19::timestamptz
     from project
     on conflict (id) do nothing
     returning *
   ), made as (
     select fresh.*, project.overlap from fresh, project
   ), new_conversation as (
     insert into conversations (id, project_id, kind, source, author_id, round_id, created_at)
     select conversation_id, project_id, 'prompt', 'side by side', $5::uuid, round_id,
       greatest($19::timestamptz, statement_timestamp()) from made
   ), path as (
     insert into messages (id, conversation_id, parent_id, role, content, author_kind, author_id, created_at)
     select line.id, made.conversation_id, ($6::uuid[])[line.n - 1], line.role, line.content, 'trainer', $5::uuid, $19::timestamptz
     from made, unnest($6::uuid[], $7::text[], $8::text[]) with ordinality as line(id, role, content, n)
   ), ${comparing(13)}
   select id from made`,
);

export interface KeptSide {
  sideId: string;
  projectId: string;
  roundId: string | null;
  conversationId: string;
  keeperId: string;
  messages: readonly (Message & { id: string })[];
  authors: readonly string[];
  mix: Mix;
  wanted: number;
  seed: number;
}

/** Makes a comparison of answers side by side; false where they were kept before. */
export async function keepSide(db: Database, side: KeptSide, made: Comparing): Promise<boolean> {
  const rows = await run(db, keepSideStatement, [
    side.sideId,
    side.projectId,
    side.roundId,
    side.conversationId,
    side.keeperId,
    side.messages.map(({ id }) => id),
    side.messages.map(({ role }) => role),
    side.messages.map(({ content }) => content),
    side.authors,
    JSON.stringify(side.mix),
    side.wanted,
    side.seed,
    ...comparingValues(made),
  ]);
  return rows.length > 0;
}
