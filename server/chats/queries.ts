import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import type { MessageRole } from '../../shared/conversations.ts';
import type { ModerationSettings } from '../../shared/projects.ts';
import type { AssignmentState } from '../../shared/tasks.ts';
import { type Database, moment, run, statement } from '../db/database.ts';
import {
  assignments,
  chatEndings,
  conversations,
  generations,
  messages,
  models,
  projects,
  rounds,
  verdicts,
} from '../db/tables.ts';
import type { ModelRow } from '../models/queries.ts';
import type { GenerationRow } from '../streams/queries.ts';
import { submitting, submittingParameters as n } from '../tasks/queries/submit.ts';

export type MessageRow = typeof messages.$inferSelect;

/**
 * Ends the assignment and notes where its chat ended. Where a message was picked, asks for alternatives; once for a chat,
 * however often it is reopened. Values: id of the ending, leaf, comment; of the sampling: id (null where nothing was picked),
 * original, prompt, seed and number of eligible messages of the pick, authors, mix, wanted, seed.
 */
export const submitChat = submitting(
  'submit_chat',
  `told as (
     insert into chat_endings (id, conversation_id, leaf_id, comment, surplus, active_ms, created_at)
     select $${n + 1}::uuid, ended.id, $${n + 2}::uuid, $${n + 3}::text, ended.state = 'surplus', ended.active_ms, ended.at
     from ended
   ), asked as (
     insert into samplings (id, project_id, round_id, origin, conversation_id, prompt_message_id, original_id, pick_seed,
       picked_from, authors, mix, wanted, seed, state, created_at)
     select $${n + 4}::uuid, ended.project_id, c.round_id, 'chat', c.id, $${n + 6}::uuid, $${n + 5}::uuid, $${n + 7}::int,
       $${n + 8}::int, $${n + 9}::uuid[], $${n + 10}::jsonb, $${n + 11}::smallint, $${n + 12}::int, 'waiting', ended.at
     from ended join conversations c on c.id = ended.id
     where $${n + 4}::uuid is not null and ended.state = 'submitted'
       and not exists (select from samplings s where s.conversation_id = c.id and s.origin = 'chat')
   )`,
);

/** Makes the conversation of a chat, which bears the assignment's id, with its opening; there is one, however often it is made. */
export async function insertChat(
  db: Database,
  chat: { assignmentId: string; projectId: string; trainerId: string; promptId: string | null; now: Date },
  opening: readonly { id: string; parentId: string | null; role: MessageRole; content: string }[],
): Promise<void> {
  const { assignmentId, projectId, trainerId, promptId, now } = chat;
  const made = await db
    .insert(conversations)
    .values({
      ...{ id: assignmentId, assignmentId, projectId, promptId, authorId: trainerId },
      kind: 'chat',
      // Not before the statement by the database's clock, which is a release's.
      createdAt: sql`greatest(${now.toISOString()}::timestamptz, statement_timestamp())`,
      roundId: sql`(select round_id from projects where id = ${projectId})`,
    })
    .onConflictDoNothing()
    .returning({ id: conversations.id });
  if (made.length === 0 || opening.length === 0) return;
  await db.insert(messages).values(
    opening.map((message) => ({
      ...message,
      conversationId: assignmentId,
      authorKind: 'import' as const,
      createdAt: now,
    })),
  );
}

/** What is said in a chat. */
export type ChatLine = Pick<MessageRow, 'id' | 'parentId' | 'role' | 'content' | 'authorKind' | 'createdAt'>;

interface RawLine {
  id: string;
  parent_id: string | null;
  role: MessageRole;
  content: string;
  author_kind: MessageRow['authorKind'];
  created_at: string;
}

const messagesOf = (
  chatId: string,
): string => `select id, parent_id, role, content, author_kind, created_at from messages m
  where conversation_id = ${chatId} and not exists (select from generations g where g.id = m.id and g.purpose = 'alternative')
  order by created_at, id`;

const messagesStatement = statement<RawLine>('chat_messages', messagesOf('$1::uuid'));

/** The messages of a chat in the order in which they were made; without the alternatives that were sampled for one of them. */
export async function selectMessages(db: Database, chatId: string): Promise<ChatLine[]> {
  return (await run(db, messagesStatement, [chatId])).map(lineOf);
}

function lineOf({ parent_id: parentId, author_kind: authorKind, created_at, ...rest }: RawLine): ChatLine {
  return { ...rest, parentId, authorKind, createdAt: moment(created_at) };
}

/** An answer in a chat. The path that it was asked with is left out: of a long chat, all of them together are large. */
export type Answer = Pick<
  GenerationRow,
  'id' | 'parentId' | 'trainerId' | 'state' | 'detail' | 'text' | 'finishReason' | 'createdAt'
>;

/** What the model wrote, or is writing, in a chat; the oldest first. */
export async function selectGenerations(db: Database, assignmentId: string): Promise<Answer[]> {
  return db
    .select({
      id: generations.id,
      parentId: generations.parentId,
      trainerId: generations.trainerId,
      state: generations.state,
      detail: generations.detail,
      text: generations.text,
      finishReason: generations.finishReason,
      createdAt: generations.createdAt,
    })
    .from(generations)
    .where(and(eq(generations.assignmentId, assignmentId), eq(generations.purpose, 'chat')))
    .orderBy(asc(generations.createdAt), asc(generations.id));
}

export interface ChatRound {
  id: string;
  policyModel: ModelRow;
  mix: (typeof rounds.$inferSelect)['mix'];
}

/** The round in which a chat began: it goes on with that round's model. One that began before the first goes on with the one that runs. */
export async function selectRoundOf(db: Database, chatId: string): Promise<ChatRound | null> {
  const [row] = await db
    .select({ id: rounds.id, mix: rounds.mix, policyModel: models })
    .from(conversations)
    .innerJoin(projects, eq(projects.id, conversations.projectId))
    .innerJoin(rounds, eq(rounds.id, sql`coalesce(${conversations.roundId}, ${projects.roundId})`))
    .innerJoin(models, eq(models.id, rounds.policyModelId))
    .where(eq(conversations.id, chatId));
  return row ?? null;
}

/** What a chat goes on with. */
export interface Going {
  archived: boolean;
  moderation: ModerationSettings;
  /** The chat's own, which is its assignment's. */
  id: string;
  projectId: string;
  state: AssignmentState;
  limits: { maxTurns: number; maxCharacters: number };
  /** Whether its conversation is there. */
  made: boolean;
  round: ChatRound | null;
  messages: ChatLine[];
}

const goingStatement = statement<{
  project_id: string;
  state: AssignmentState;
  limits: Going['limits'];
  archived: boolean;
  moderation: ModerationSettings;
  made: boolean;
  round: { id: string; mix: ChatRound['mix'] } | null;
  messages: RawLine[] | null;
  model: {
    [Column in keyof ModelRow as Column extends 'baseUrl' | 'apiKey' | 'createdAt' ? never : Column]: ModelRow[Column];
  } & { base_url: string | null; api_key: string | null; created_at: string };
}>(
  'chat_going',
  `select p.id as project_id, a.state, p.limits, p.archived, p.moderation, c.id is not null as made, to_jsonb(m) as model,
     case when r.id is not null then jsonb_build_object('id', r.id, 'mix', r.mix) end as round,
     (select json_agg(line) from (${messagesOf('a.id')}) line) as messages
   from assignments a join projects p on p.id = a.project_id
   left join conversations c on c.id = a.id
   left join rounds r on r.id = coalesce(c.round_id, p.round_id)
   left join models m on m.id = r.policy_model_id
   where a.id = $1::uuid and a.trainer_id = $2::uuid and a.kind = 'chat'
     and ($3::boolean or exists (select from members where members.project_id = p.id and members.user_id = $2::uuid))`,
);

/**
 * What one's own chat goes on with: `selectRoundOf`, `selectMessages` and its project, in one statement, as somebody waits for
 * the first word. Null where this person has no such chat, or no part in its project any more.
 */
export async function selectGoing(
  db: Database,
  chat: { id: string; userId: string; seesAll: boolean },
): Promise<Going | null> {
  const [row] = await run(db, goingStatement, [chat.id, chat.userId, chat.seesAll]);
  if (row === undefined) return null;
  const { round, model, project_id: projectId, messages, ...going } = row;
  const found = { ...going, id: chat.id, projectId, messages: (messages ?? []).map(lineOf) };
  if (round === null) return { ...found, round };
  const { base_url: baseUrl, api_key: apiKey, created_at, ...rest } = model;
  const policyModel = { ...rest, baseUrl, apiKey, createdAt: moment(created_at) };
  return { ...found, round: { ...round, policyModel } };
}

/** Whether the conversation of this chat is there. */
export async function hasChat(db: Database, chatId: string): Promise<boolean> {
  const [row] = await db.select({ id: conversations.id }).from(conversations).where(eq(conversations.id, chatId));
  return row !== undefined;
}

/** Where the chat ended that is submitted, or null. */
export async function selectEnding(
  db: Database,
  chatId: string,
): Promise<{ leafId: string; comment: string | null } | null> {
  const [row] = await db
    .select({ leafId: chatEndings.leafId, comment: chatEndings.comment })
    .from(chatEndings)
    .where(and(eq(chatEndings.conversationId, chatId), isNull(chatEndings.withdrawnAt)));
  return row ?? null;
}

/** Has whoever else goes on with this chat, or ends it, wait until the transaction ends. */
export async function lockAssignment(tx: Database, assignmentId: string): Promise<void> {
  await tx
    .select({ id: assignments.id })
    .from(assignments)
    .where(eq(assignments.id, assignmentId))
    .for('no key update');
}

const beginStatement = statement<{ state: AssignmentState; answering: number; begun: boolean }>(
  'begin_answer',
  `with standing as materialized (
     select state from assignments where id = $1::uuid for no key update skip locked
   ), answering as materialized (
     select (select count(*)::int from generations where assignment_id = $1::uuid and state in ('waiting', 'streaming')) as count
     from standing where state in ('active', 'expired')
   ), said as (
     insert into messages (id, conversation_id, parent_id, role, content, author_kind, author_id, created_at)
     select $4::uuid, $1::uuid, $5::uuid, 'user', $6::text, 'trainer', $7::uuid, $8::timestamptz
     from answering
     where $4::uuid is not null and count < $2::int and not exists (select from generations g where g.id = $4::uuid)
     on conflict (id) do nothing
     returning id
   ), begun as (
     insert into generations (id, purpose, project_id, round_id, model_id, trainer_id, assignment_id, parent_id, role, prompt,
       parameters, seed, state, owner, created_at)
     select $3::uuid, 'chat', $9::uuid, $10::uuid, $11::uuid, $7::uuid, $1::uuid, $12::uuid, 'assistant', $13::jsonb,
       $14::jsonb, $15::int, 'waiting', $16::uuid, $8::timestamptz
     from answering
     where count < $2::int and not exists (select from messages m where m.id = $3::uuid)
       and ($4::uuid is null or exists (select from said))
     on conflict (id) do nothing
     returning id
   )
   select state, coalesce((select count from answering), 0) as answering, exists (select from begun) as begun from standing`,
);

/** What the trainer says. */
export interface Said {
  id: string;
  parentId: string | null;
  content: string;
}

export interface Begun {
  state: AssignmentState;
  /** Answers of this chat that were being written already. */
  answering: number;
  begun: boolean;
}

/**
 * Adds what the trainer says, where something is, and the answer to be written, unless the chat has ended or so many are
 * being written already. An id that a message or an answer has, here or elsewhere, is not taken again: then nothing is
 * begun. Null where somebody else goes on with this chat at this moment: then the caller waits for the lock of the
 * assignment, and asks again while holding it.
 */
export async function beginAnswer(
  db: Database,
  said: Said | null,
  answer: GenerationRow,
  most: number,
): Promise<Begun | null> {
  const [row] = await run(db, beginStatement, [
    answer.assignmentId,
    most,
    answer.id,
    said?.id ?? null,
    said?.parentId ?? null,
    said?.content ?? null,
    answer.trainerId,
    answer.createdAt.toISOString(),
    answer.projectId,
    answer.roundId,
    answer.modelId,
    answer.parentId,
    JSON.stringify(answer.prompt),
    JSON.stringify(answer.parameters),
    answer.seed,
    answer.owner,
  ]);
  return row ?? null;
}

/** Those of these messages that moderation withheld. */
export async function selectBlocked(db: Database, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await db
    .select({ id: verdicts.messageId })
    .from(verdicts)
    .where(and(inArray(verdicts.messageId, [...ids]), eq(verdicts.action, 'block')));
  return new Set(rows.map(({ id }) => id));
}

/** Has whoever else makes chats for this project wait until the transaction ends; who takes or submits work does not. */
export async function lockOpenings(tx: Database, projectId: string): Promise<void> {
  await tx.select({ id: projects.id }).from(projects).where(eq(projects.id, projectId)).for('no key update');
}

const openFreeStatement = statement<{ tasks: number }>(
  'open_free_chats',
  `with project as materialized (
     select id, (overlap ->> 'chat')::smallint as overlap, round_id from projects where id = $1::uuid for share
   ), made as (
     insert into tasks (id, project_id, kind, overlap, position, authors, round_id)
     select line.id, project.id, 'chat', project.overlap, floor(random() * 2147483647)::int, '{}', project.round_id
     from project, unnest($2::uuid[]) as line(id)
     returning overlap
   ), summed as (
     insert into task_progress (project_id, kind, slot, tasks, wanted)
     select $1::uuid, 'chat', 0, count(*), coalesce(sum(overlap), 0) from made
     on conflict (project_id, kind, slot) do update
       set tasks = task_progress.tasks + excluded.tasks, wanted = task_progress.wanted + excluded.wanted
   )
   select count(*)::int as tasks from made`,
);

/** Makes chats that the trainer opens, of these ids. */
export async function insertFreeChats(db: Database, projectId: string, ids: readonly string[]): Promise<number> {
  const [row] = await run(db, openFreeStatement, [projectId, ids]);
  return row?.tasks ?? 0;
}

const openPromptedStatement = statement<{ tasks: number }>(
  'open_prompted_chats',
  `with project as materialized (
     select id, (overlap ->> 'chat')::smallint as overlap, round_id from projects where id = $1::uuid for share
   ), openings as (
     select c.id, (select m.id from messages m where m.conversation_id = c.id and m.role = 'user'
       and not exists (select from messages below where below.conversation_id = c.id and below.parent_id = m.id and below.role = 'user')
       order by m.id desc limit 1) as prompt_message_id
     from conversations c
     where c.project_id = $1::uuid and c.kind = 'prompt'
       and not exists (select from tasks t where t.conversation_id = c.id and t.kind = 'chat')
     order by c.id limit $2::int
   ), made as (
     insert into tasks (id, project_id, kind, conversation_id, prompt_message_id, overlap, position, authors, round_id)
     select gen_random_uuid(), project.id, 'chat', openings.id, openings.prompt_message_id, project.overlap,
       floor(random() * 2147483647)::int, '{}', project.round_id
     from project, openings where openings.prompt_message_id is not null
     returning overlap
   ), summed as (
     insert into task_progress (project_id, kind, slot, tasks, wanted)
     select $1::uuid, 'chat', 0, count(*), coalesce(sum(overlap), 0) from made
     on conflict (project_id, kind, slot) do update
       set tasks = task_progress.tasks + excluded.tasks, wanted = task_progress.wanted + excluded.wanted
   )
   select count(*)::int as tasks from made`,
);

/** Makes a chat for each imported prompt that has none yet, at most `limit`. */
export async function insertPromptedChats(db: Database, projectId: string, limit: number): Promise<number> {
  const [row] = await run(db, openPromptedStatement, [projectId, limit]);
  return row?.tasks ?? 0;
}
