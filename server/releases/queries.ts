import { sql } from 'drizzle-orm';
import type { MessageRole } from '../../shared/conversations.ts';
import type { AuthorKind } from '../conversations/author.ts';
import { type Database, run, statement } from '../db/database.ts';

/** Kinds of conversation that are datasets of dialogues, in the order in which they are exported. */
export const dialogueKinds = ['demonstration', 'dialogue'] as const;
export type DialogueKind = (typeof dialogueKinds)[number];

const nextConversations = statement<{ id: string }>(
  'release_conversations',
  `select id from conversations
   where project_id = $1::uuid and kind = $2::text and id > $3::uuid and withdrawn_at is null and not surplus
   order by id limit $4::int`,
);

/** The conversations that follow `after` in the order of ids, save those taken back and surplus ones. */
export async function selectConversations(
  db: Database,
  projectId: string,
  kind: DialogueKind,
  after: string,
  limit: number,
): Promise<string[]> {
  return (await run(db, nextConversations, [projectId, kind, after, limit])).map(({ id }) => id);
}

export interface RankingRow {
  id: string;
  comparisonId: string;
  groups: number[][];
  conversationId: string;
  promptMessageId: string;
  completionIds: string[];
  /** How the completions were come by, where they were sampled here. */
  samplingId: string | null;
  /** The one of them that was picked from a chat. */
  originalId: string | null;
  /** The round in which the comparison was made. */
  round: number | null;
}

const nextRankings = statement<{
  id: string;
  comparison_id: string;
  groups: number[][];
  conversation_id: string;
  prompt_message_id: string;
  completion_ids: string[];
  sampling_id: string | null;
  original_id: string | null;
  round: number | null;
}>(
  'release_rankings',
  `with page as materialized (
     select id, comparison_id, groups from rankings
     where project_id = $1::uuid and id > $2::uuid and withdrawn_at is null and not surplus
     order by id limit $3::int
   )
   select page.id, page.comparison_id, page.groups, c.conversation_id, c.prompt_message_id, c.completion_ids, c.sampling_id,
     s.original_id, r.number as round
   from page join comparisons c on c.id = page.comparison_id
   left join samplings s on s.id = c.sampling_id left join rounds r on r.id = c.round_id
   order by page.id`,
);

/** The rankings that follow `after` in the order of ids, save those taken back and surplus ones. */
export async function selectRankings(
  db: Database,
  projectId: string,
  after: string,
  limit: number,
): Promise<RankingRow[]> {
  return (await run(db, nextRankings, [projectId, after, limit])).map((row) => ({
    id: row.id,
    comparisonId: row.comparison_id,
    groups: row.groups,
    conversationId: row.conversation_id,
    promptMessageId: row.prompt_message_id,
    completionIds: row.completion_ids,
    samplingId: row.sampling_id,
    originalId: row.original_id,
    round: row.round,
  }));
}

export interface MessageRow {
  id: string;
  conversationId: string;
  parentId: string | null;
  role: MessageRole;
  content: string;
  authorKind: AuthorKind;
  /** The model's name, where one wrote it. */
  model: string | null;
  /** What a model wrote: by which generation. What a trainer wrote: the suggestion that it began as. */
  generationId: string | null;
}

const messagesOf = statement<{
  id: string;
  conversation_id: string;
  parent_id: string | null;
  role: MessageRole;
  content: string;
  author_kind: AuthorKind;
  model: string | null;
  generation_id: string | null;
}>(
  'release_messages',
  `select id, conversation_id, parent_id, role, content, author_kind, model, generation_id from messages
   where conversation_id = any($1::uuid[])`,
);

/** All messages of these conversations, in no order. */
export async function selectMessages(db: Database, conversationIds: string[]): Promise<MessageRow[]> {
  return (await run(db, messagesOf, [conversationIds])).map((row) => ({
    id: row.id,
    conversationId: row.conversation_id,
    parentId: row.parent_id,
    role: row.role,
    content: row.content,
    authorKind: row.author_kind,
    model: row.model,
    generationId: row.generation_id,
  }));
}

export interface Counts {
  rows: number;
  sources: number;
}

/** Dialogues, and those of them that a row can hold. */
export async function countDialogues(db: Database, projectId: string): Promise<Counts> {
  return counts(
    db,
    sql`
      select count(*)::text as sources, (count(*) filter (where dialogue))::text as rows from conversations
      where project_id = ${projectId} and kind in ('demonstration', 'dialogue') and withdrawn_at is null and not surplus`,
  );
}

/**
 * Rankings, and the pairs that they make: (n^2 - the sum of g^2) / 2 for groups of g that are n in all. Equal rankings are
 * counted together first, for there are few ways to rank a few completions.
 */
export async function countPairs(db: Database, projectId: string): Promise<Counts> {
  return counts(
    db,
    sql`
      select coalesce(sum(times), 0)::text as sources, coalesce(sum(times * pairs), 0)::text as rows
      from (
        select groups, count(*) as times from rankings
        where project_id = ${projectId} and withdrawn_at is null and not surplus group by groups
      ) ranking, lateral (
        select (sum(size) * sum(size) - sum(size * size)) / 2 as pairs
        from (select jsonb_array_length(value) as size from jsonb_array_elements(groups)) placed
      ) made`,
  );
}

async function counts(db: Database, query: ReturnType<typeof sql>): Promise<Counts> {
  const [row] = await db._.session.all<{ rows: string; sources: string }>(query);
  return { rows: Number(row?.rows ?? 0), sources: Number(row?.sources ?? 0) };
}
