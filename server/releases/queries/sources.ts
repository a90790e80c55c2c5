import type { Rating } from '../../../shared/comparisons.ts';
import type { MessageRole } from '../../../shared/conversations.ts';
import type { Feedback, ReportReason } from '../../../shared/feedback.ts';
import type { AuthorKind } from '../../conversations/author.ts';
import { type Database, moment, run, statement } from '../../db/database.ts';
import type { ConversationKind } from '../../db/tables.ts';

export type { ConversationKind };

/*
 * What a release reads, as it was at its moment, page by page in the order of ids. A row is seen from when it was made until
 * it was taken back or replaced; surplus ones never.
 */

/** What is read, and as of when. */
export interface Scope {
  projectId: string;
  /** ISO 8601, to the microsecond of the database. */
  moment: string;
}

/** Whether the row `t` stood at the moment `$2`. */
const stood = (t: string): string =>
  `${t}.created_at <= $2::timestamptz and (${t}.withdrawn_at is null or ${t}.withdrawn_at > $2::timestamptz) and not ${t}.surplus`;

/** How a conversation begins, and where it is from. */
interface RawConversation {
  id: string;
  kind: ConversationKind;
  source: string | null;
  import_key: string | null;
  author_id: string | null;
  round: number | null;
  root_id: string | null;
  group_id: string | null;
  language: string | null;
  created_at: string;
  active_ms: number | null;
  extra: Record<string, unknown> | null;
}

export interface ConversationRow {
  id: string;
  kind: ConversationKind;
  source: string | null;
  importKey: string | null;
  authorId: string | null;
  round: number | null;
  /** Null where its beginning was not looked at yet. */
  rootId: string | null;
  groupId: string | null;
  language: string | null;
  createdAt: Date;
  activeMs: number;
  extra: Record<string, unknown> | null;
}

const conversationColumns = `c.id, c.kind, c.source, c.import_key, c.author_id, rd.number as round, cr.root_id, ro.group_id, cr.language,
  c.created_at, c.active_ms, c.extra`;
const conversationJoins = `left join conversation_roots cr on cr.conversation_id = c.id left join roots ro on ro.id = cr.root_id
  left join rounds rd on rd.id = c.round_id`;

function conversationRow(raw: RawConversation): ConversationRow {
  return {
    id: raw.id,
    kind: raw.kind,
    source: raw.source,
    importKey: raw.import_key,
    authorId: raw.author_id,
    round: raw.round,
    rootId: raw.root_id,
    groupId: raw.group_id,
    language: raw.language,
    createdAt: moment(raw.created_at),
    activeMs: raw.active_ms ?? 0,
    extra: raw.extra,
  };
}

const nextStatement = statement<RawConversation>(
  'release_next_conversations',
  `with page as materialized (
     select * from conversations p where project_id = $1::uuid and kind = $3::text and id > $4::uuid and ${stood('p')}
     order by id limit $5::int
   ) select ${conversationColumns} from page c ${conversationJoins} order by c.id`,
);

/** Conversations of a kind that stood, after an id. */
export async function nextConversations(
  db: Database,
  { projectId, moment: at }: Scope,
  kind: ConversationKind,
  after: string,
  limit: number,
): Promise<ConversationRow[]> {
  return (await run(db, nextStatement, [projectId, at, kind, after, limit])).map(conversationRow);
}

const namedStatement = statement<RawConversation>(
  'release_named_conversations',
  `select ${conversationColumns} from conversations c ${conversationJoins} where c.id = any($1::uuid[])`,
);

/** These conversations, in no order. */
export async function selectConversationsOf(db: Database, ids: readonly string[]): Promise<ConversationRow[]> {
  return (await run(db, namedStatement, [ids])).map(conversationRow);
}

const chatsStatement = statement<RawConversation>(
  'release_next_chats',
  `with page as materialized (
     select * from conversations where project_id = $1::uuid and kind = 'chat' and prompt_id is null and id > $3::uuid
       and created_at <= $2::timestamptz order by id limit $4::int
   ) select ${conversationColumns} from page c ${conversationJoins} order by c.id`,
);

/** Chats that a trainer opened, whether or not they are submitted: what was said in them is not changed. */
export async function nextChats(
  db: Database,
  { projectId, moment: at }: Scope,
  after: string,
  limit: number,
): Promise<ConversationRow[]> {
  return (await run(db, chatsStatement, [projectId, at, after, limit])).map(conversationRow);
}

const poolStatement = statement<{ id: string }>(
  'release_pool',
  `select id from conversations p where project_id = $1::uuid and kind = 'dialogue' and id > $3::uuid and ${stood('p')}
     and ($5::text is null or source = $5::text)
   order by id limit $4::int`,
);

/** Imported dialogues that can be mixed in: their ids alone. */
export async function nextOfPool(
  db: Database,
  { projectId, moment: at }: Scope,
  source: string | null,
  after: string,
  limit: number,
): Promise<{ id: string }[]> {
  return run(db, poolStatement, [projectId, at, after, limit, source]);
}

export interface RankingOf {
  id: string;
  trainerId: string | null;
  groups: number[][];
  ratings: Record<string, Rating> | null;
  allBad: boolean;
  at: Date;
  activeMs: number;
}

export interface ComparedRow {
  /** Of the comparison. */
  id: string;
  conversation: ConversationRow;
  promptMessageId: string;
  completionIds: string[];
  samplingId: string | null;
  originalId: string | null;
  /** In which it was made. */
  round: number | null;
  rankings: RankingOf[];
}

const comparedStatement = statement<
  RawConversation & {
    comparison_id: string;
    prompt_message_id: string;
    completion_ids: string[];
    sampling_id: string | null;
    original_id: string | null;
    comparison_round: number | null;
    rankings: {
      id: string;
      trainer: string | null;
      groups: number[][];
      ratings: Record<string, Rating> | null;
      all_bad: boolean;
      at: string;
      active_ms: number | null;
    }[];
  }
>(
  'release_next_compared',
  `with page as materialized (
     select p.comparison_id,
       json_agg(json_build_object('id', p.id, 'trainer', p.trainer_id, 'groups', p.groups, 'ratings', p.ratings,
         'all_bad', p.all_bad, 'at', p.created_at, 'active_ms', p.active_ms) order by p.id) as rankings
     from rankings p
     where p.project_id = $1::uuid and p.comparison_id > $3::uuid and ${stood('p')}
     group by p.comparison_id order by p.comparison_id limit $4::int
   )
   select ${conversationColumns}, page.comparison_id, page.rankings, k.prompt_message_id,
     to_json(k.completion_ids) as completion_ids, k.sampling_id,
     s.original_id, kr.number as comparison_round
   from page join comparisons k on k.id = page.comparison_id join conversations c on c.id = k.conversation_id
   left join samplings s on s.id = k.sampling_id left join rounds kr on kr.id = k.round_id
   ${conversationJoins} order by page.comparison_id`,
);

/** Comparisons with the rankings of them that stood; those without any are left out. */
export async function nextCompared(
  db: Database,
  { projectId, moment: at }: Scope,
  after: string,
  limit: number,
): Promise<ComparedRow[]> {
  return (await run(db, comparedStatement, [projectId, at, after, limit])).map((raw) => ({
    id: raw.comparison_id,
    conversation: conversationRow(raw),
    promptMessageId: raw.prompt_message_id,
    completionIds: raw.completion_ids,
    samplingId: raw.sampling_id,
    originalId: raw.original_id,
    round: raw.comparison_round,
    rankings: raw.rankings.map((ranking) => ({
      id: ranking.id,
      trainerId: ranking.trainer,
      groups: ranking.groups,
      ratings: ranking.ratings,
      allBad: ranking.all_bad,
      at: moment(ranking.at),
      activeMs: ranking.active_ms ?? 0,
    })),
  }));
}

const treeRankingsStatement = statement<{
  conversation_id: string;
  completion_ids: string[];
  groups: number[][][];
}>(
  'release_tree_rankings',
  `select k.conversation_id, k.completion_ids, json_agg(p.groups order by p.id) as groups
   from comparisons k join rankings p on p.comparison_id = k.id
   where k.conversation_id = any($1::uuid[]) and p.project_id = $3::uuid and p.trainer_id is not null and ${stood('p')}
   group by k.id`,
);

/** What people ranked in these conversations. */
export async function selectTreeRankings(
  db: Database,
  { projectId, moment: at }: Scope,
  conversationIds: readonly string[],
): Promise<{ conversationId: string; completionIds: string[]; groups: number[][][] }[]> {
  return (await run(db, treeRankingsStatement, [conversationIds, at, projectId])).map((raw) => ({
    conversationId: raw.conversation_id,
    completionIds: raw.completion_ids,
    groups: raw.groups,
  }));
}

export interface FeedbackRow {
  id: string;
  conversation: ConversationRow;
  messageId: string;
  trainerId: string;
  feedback: Feedback;
  at: Date;
}

const feedbackStatement = statement<
  RawConversation & {
    feedback_id: string;
    message_id: string;
    user_id: string;
    thumb: Feedback['thumb'];
    text: string;
    report_reason: ReportReason | null;
    report_text: string;
    at: string;
  }
>(
  'release_next_feedback',
  `with page as materialized (
     select * from feedback where project_id = $1::uuid and id > $3::uuid and at <= $2::timestamptz
       and (replaced_at is null or replaced_at > $2::timestamptz)
     order by id limit $4::int
   )
   select ${conversationColumns}, f.id as feedback_id, f.message_id, f.user_id, f.thumb, f.text, f.report_reason,
     f.report_text, f.at
   from page f join messages m on m.id = f.message_id join conversations c on c.id = m.conversation_id
   ${conversationJoins} order by f.id`,
);

export async function nextFeedback(
  db: Database,
  { projectId, moment: at }: Scope,
  after: string,
  limit: number,
): Promise<FeedbackRow[]> {
  return (await run(db, feedbackStatement, [projectId, at, after, limit])).map((raw) => ({
    id: raw.feedback_id,
    conversation: conversationRow(raw),
    messageId: raw.message_id,
    trainerId: raw.user_id,
    feedback: {
      thumb: raw.thumb,
      text: raw.text,
      report: raw.report_reason === null ? null : { reason: raw.report_reason, text: raw.report_text },
    },
    at: moment(raw.at),
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
  externalId: string | null;
  extra: Record<string, unknown> | null;
}

const messagesStatement = statement<{
  id: string;
  conversation_id: string;
  parent_id: string | null;
  role: MessageRole;
  content: string;
  author_kind: AuthorKind;
  model: string | null;
  generation_id: string | null;
  external_id: string | null;
  extra: Record<string, unknown> | null;
}>(
  'release_messages_of',
  `select id, conversation_id, parent_id, role, content, author_kind, model, generation_id, external_id, extra
   from messages where conversation_id = any($1::uuid[]) and created_at <= $2::timestamptz`,
);

/** The messages that these conversations had at the moment, in no order. */
export async function selectMessagesOf(
  db: Database,
  { moment: at }: Pick<Scope, 'moment'>,
  conversationIds: readonly string[],
): Promise<MessageRow[]> {
  return (await run(db, messagesStatement, [conversationIds, at])).map((raw) => ({
    id: raw.id,
    conversationId: raw.conversation_id,
    parentId: raw.parent_id,
    role: raw.role,
    content: raw.content,
    authorKind: raw.author_kind,
    model: raw.model,
    generationId: raw.generation_id,
    externalId: raw.external_id,
    extra: raw.extra,
  }));
}

const countStatement = statement<{ conversations: string; rankings: string; feedback: string }>(
  'release_count_sources',
  `select
     (select count(*) from conversations p where p.project_id = $1::uuid and p.kind = any($3::text[])
       and p.created_at <= $2::timestamptz) as conversations,
     (select count(distinct p.comparison_id) from rankings p where $4::boolean and p.project_id = $1::uuid
       and p.created_at <= $2::timestamptz) as rankings,
     (select count(*) from feedback p where $5::boolean and p.project_id = $1::uuid and p.at <= $2::timestamptz) as feedback`,
);

/** About how much there is to go through, for the progress. */
export async function countSources(
  db: Database,
  { projectId, moment: at }: Scope,
  wanted: { kinds: readonly ConversationKind[]; rankings: boolean; feedback: boolean },
): Promise<number> {
  const [row] = await run(db, countStatement, [projectId, at, wanted.kinds, wanted.rankings, wanted.feedback]);
  return Number(row?.conversations ?? 0) + Number(row?.rankings ?? 0) + Number(row?.feedback ?? 0);
}
