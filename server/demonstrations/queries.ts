import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { Message } from '../../shared/conversations.ts';
import { type Database, run, statement } from '../db/database.ts';
import { assignments, conversations, generations, messages } from '../db/tables.ts';
import { submitting, submittingParameters as n } from '../tasks/queries/submit.ts';
import type { Taken } from './provenance.ts';

/**
 * Ends the assignment, writes its conversation and notes what became of each of its suggestions. Values: id, conversation of
 * the prompt; then of the messages, from the root: ids, parents, roles, texts, kinds of author; the comment; then again of
 * the messages: suggestions that they began as, edit distances; then of the suggestions that were taken: ids, fates, edit
 * distances, what was taken as JSON.
 */
export const submitDemonstration = submitting(
  'submit_demonstration',
  `written as (
     insert into conversations (id, project_id, kind, author_id, prompt_id, assignment_id, dialogue, comment, surplus, round_id,
       active_ms, created_at)
     select $${n + 1}::uuid, ended.project_id, 'demonstration', ended.trainer_id, $${n + 2}::uuid, ended.id, true, $${n + 8}::text,
       ended.state = 'surplus', (select p.round_id from projects p where p.id = ended.project_id),
       ended.active_ms, ended.at
     from ended
   ), spoken as (
     insert into messages (id, conversation_id, parent_id, role, content, author_kind, author_id, generation_id, edit_distance,
       created_at)
     select m.id, $${n + 1}::uuid, m.parent_id, m.role, m.content, m.author_kind,
       case when m.author_kind = 'trainer' then ended.trainer_id end, m.generation_id, m.edit_distance, ended.at
     from ended, unnest($${n + 3}::uuid[], $${n + 4}::uuid[], $${n + 5}::text[], $${n + 6}::text[], $${n + 7}::text[],
         $${n + 9}::uuid[], $${n + 10}::float8[])
       as m(id, parent_id, role, content, author_kind, generation_id, edit_distance)
   ), suggested as (
     update generations g set fate = coalesce(taken.fate, 'ignored'), edit_distance = taken.edit_distance, taken = taken.parts::jsonb
     from ended join generations own on own.assignment_id = ended.id and own.purpose = 'suggestion'
     left join unnest($${n + 11}::uuid[], $${n + 12}::text[], $${n + 13}::float8[], $${n + 14}::text[])
       as taken(id, fate, edit_distance, parts) on taken.id = own.id
     where g.id = own.id
   )`,
);

export interface Demonstration {
  /** From the root. */
  messages: Message[];
  comment: string | null;
}

/** The dialogue that stands for an assignment, or null. */
export async function selectDemonstration(db: Database, assignmentId: string): Promise<Demonstration | null> {
  const rows = await db
    .select({ role: messages.role, content: messages.content, comment: conversations.comment })
    .from(messages)
    .innerJoin(conversations, eq(conversations.id, messages.conversationId))
    .where(and(eq(conversations.assignmentId, assignmentId), isNull(conversations.withdrawnAt)))
    .orderBy(asc(messages.id));
  const [first] = rows;
  return first ? { messages: rows.map(({ role, content }) => ({ role, content })), comment: first.comment } : null;
}

const takenStatement = statement<{ id: string; index: number | null; inserted: string }>(
  'taken_suggestions',
  `select g.id, part.index, part.inserted
   from generations g, jsonb_to_recordset(g.taken) as part(place int, index int, inserted text)
   where g.assignment_id = $1::uuid and g.taken is not null order by part.place`,
);

/** What was taken from suggestions in what was last submitted for an assignment, as it was told then. */
export async function selectTaken(db: Database, assignmentId: string): Promise<Taken[]> {
  const rows = await run(db, takenStatement, [assignmentId]);
  return rows.map(({ id, index, inserted }) => ({ index, suggestionId: id, inserted }));
}

/** Those of the ids that are suggestions of this assignment. */
export async function selectSuggestions(db: Database, assignmentId: string, ids: string[]): Promise<Set<string>> {
  const rows = await db
    .select({ id: generations.id })
    .from(generations)
    .where(
      and(
        eq(generations.assignmentId, assignmentId),
        eq(generations.purpose, 'suggestion'),
        inArray(generations.id, ids),
      ),
    );
  return new Set(rows.map(({ id }) => id));
}

/** Has whoever else asks for suggestions of this assignment wait until the transaction ends. */
export async function lockAssignment(tx: Database, assignmentId: string): Promise<void> {
  await tx
    .select({ id: assignments.id })
    .from(assignments)
    .where(eq(assignments.id, assignmentId))
    .for('no key update');
}

/** Suggestions of an assignment that are being written, or wait for it. */
export async function countUnfinished(db: Database, assignmentId: string): Promise<number> {
  const [row] = await db
    .select({ count: sql<number>`count(*)::int` })
    .from(generations)
    .where(and(eq(generations.assignmentId, assignmentId), inArray(generations.state, ['waiting', 'streaming'])));
  return row?.count ?? 0;
}
