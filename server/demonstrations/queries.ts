import { and, asc, eq, isNull } from 'drizzle-orm';
import type { Message } from '../../shared/conversations.ts';
import type { Database } from '../db/database.ts';
import { conversations, messages } from '../db/tables.ts';
import { submitting, submittingParameters as n } from '../tasks/queries/submit.ts';

/**
 * Ends the assignment and writes its conversation. Values: id, conversation of the prompt; then of the messages, from the
 * root: ids, parents, roles, texts, kinds of author; the comment.
 */
export const submitDemonstration = submitting(
  'submit_demonstration',
  `written as (
     insert into conversations (id, project_id, kind, author_id, prompt_id, assignment_id, dialogue, comment, surplus, created_at)
     select $${n + 1}::uuid, ended.project_id, 'demonstration', ended.trainer_id, $${n + 2}::uuid, ended.id, true, $${n + 8}::text,
       ended.state = 'surplus', ended.at
     from ended
   ), spoken as (
     insert into messages (id, conversation_id, parent_id, role, content, author_kind, author_id, created_at)
     select m.id, $${n + 1}::uuid, m.parent_id, m.role, m.content, m.author_kind,
       case when m.author_kind = 'trainer' then ended.trainer_id end, ended.at
     from ended, unnest($${n + 3}::uuid[], $${n + 4}::uuid[], $${n + 5}::text[], $${n + 6}::text[], $${n + 7}::text[])
       as m(id, parent_id, role, content, author_kind)
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
