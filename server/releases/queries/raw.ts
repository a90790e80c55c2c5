import type { RawMessage, RawOf } from '../../../shared/raw.ts';
import { type Database, run, statement } from '../../db/database.ts';
import type { ConversationKind, Scope } from './sources.ts';

/*
 * Lines of raw data, made by the database as they are written but for people, who stand under their ids. `$1` is the project and
 * `$2` the moment.
 */

const utc = (column: string): string => `to_char(${column} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
/** A mark that was made by the moment, or null. */
const mark = (column: string): string => `case when ${column} <= $2::timestamptz then ${utc(column)} end`;
/** A mix as the names of its models. */
const mixOf = (column: string): string =>
  `(select coalesce(json_agg(json_build_object('model', m.name, 'count', part."count") order by part.n), '[]'::json)
    from rows from (jsonb_to_recordset(${column}) as ("modelId" uuid, "count" int)) with ordinality as part("modelId", "count", n)
    join models m on m.id = part."modelId")`;
const assignmentOf = (t: string): string =>
  `case when ${t}.assignment_id is not null then json_build_object('id', ${t}.assignment_id, 'activeMs', ${t}.active_ms) end`;

const projectStatement = statement<{ line: RawOf<'duologue'> }>(
  'raw_project',
  `select json_build_object('type', 'duologue', 'version', 2, 'moment', ${utc('$2::timestamptz')}, 'project', json_build_object(
     'id', id, 'name', name, 'guidelines', guidelines, 'rubric', rubric, 'overlap', overlap,
     'completionsPerComparison', completions_per_comparison, 'limits', limits, 'leaseMinutes', lease_minutes,
     'reopenMinutes', reopen_minutes, 'pick', pick, 'ownWords', own_words, 'rankOwnChats', rank_own_chats,
     'moderation', moderation -> 'actions')) as line
   from projects where id = $1::uuid`,
);

/** The header with the project's settings as they are now. */
export async function selectHeader(db: Database, { projectId, moment }: Scope): Promise<RawOf<'duologue'> | null> {
  const [row] = await run(db, projectStatement, [projectId, moment]);
  return row?.line ?? null;
}

const peopleStatement = statement<{ id: string; name: string; account: boolean }>(
  'raw_people',
  `select u.id, u.name, u.email is not null as account from users u join (
     select author_id as id from conversations where project_id = $1::uuid and created_at <= $2::timestamptz
     union select unnest(s.authors) from comparisons k join samplings s on s.id = k.sampling_id
       where k.project_id = $1::uuid and k.created_at <= $2::timestamptz
     union select trainer_id from rankings where project_id = $1::uuid and created_at <= $2::timestamptz
     union select user_id from feedback where project_id = $1::uuid and at <= $2::timestamptz
   ) made on made.id = u.id order by u.id`,
);

/** Whoever made something of it. */
export async function selectPeople(
  db: Database,
  { projectId, moment }: Scope,
): Promise<{ id: string; name: string; account: boolean }[]> {
  return run(db, peopleStatement, [projectId, moment]);
}

const roundsStatement = statement<{ line: RawOf<'round'> }>(
  'raw_rounds',
  `select json_build_object('type', 'round', 'id', r.id, 'number', r.number, 'name', r.name, 'policyModel', m.name,
     'mix', ${mixOf('r.mix')}, 'kinds', r.kinds, 'startedAt', ${utc('r.started_at')}, 'endedAt', ${mark('r.ended_at')}) as line
   from rounds r join models m on m.id = r.policy_model_id
   where r.project_id = $1::uuid and r.started_at <= $2::timestamptz order by r.number`,
);

export async function selectRounds(db: Database, { projectId, moment }: Scope): Promise<RawOf<'round'>[]> {
  return (await run(db, roundsStatement, [projectId, moment])).map(({ line }) => line);
}

const conversationsStatement = statement<{ line: Omit<RawOf<'conversation'>, 'messages'> }>(
  'raw_conversations',
  `select json_build_object('type', 'conversation', 'id', c.id, 'kind', c.kind, 'source', c.source, 'importKey', c.import_key,
     'contentHash', c.content_hash, 'author', c.author_id, 'prompt', c.prompt_id, 'round', r.number,
     'dialogue', c.dialogue, 'comment', c.comment, 'surplus', c.surplus, 'extra', c.extra, 'assignment', ${assignmentOf('c')},
     'createdAt', ${utc('c.created_at')}, 'withdrawnAt', ${mark('c.withdrawn_at')}, 'endings',
     case when c.kind = 'chat' then (
       select coalesce(json_agg(json_build_object('id', e.id, 'leaf', e.leaf_id, 'comment', e.comment, 'surplus', e.surplus,
         'activeMs', e.active_ms, 'createdAt', ${utc('e.created_at')}, 'withdrawnAt', ${mark('e.withdrawn_at')})
         order by e.created_at, e.id), '[]')
       from chat_endings e where e.conversation_id = c.id and e.created_at <= $2::timestamptz) end) as line
   from (
     select * from conversations
     where project_id = $1::uuid and kind = $5::text and id > $3::uuid and created_at <= $2::timestamptz
     order by id limit $4::int
   ) c left join rounds r on r.id = c.round_id order by c.id`,
);

export async function nextConversations(
  db: Database,
  { projectId, moment }: Scope,
  kind: ConversationKind,
  after: string,
  limit: number,
): Promise<Omit<RawOf<'conversation'>, 'messages'>[]> {
  return (await run(db, conversationsStatement, [projectId, moment, after, limit, kind])).map(({ line }) => line);
}

const messagesStatement = statement<{ conversation_id: string; message: RawMessage }>(
  'raw_messages',
  `select m.conversation_id, json_build_object('id', m.id, 'parent', m.parent_id, 'role', m.role, 'content', m.content,
     'by', m.author_kind, 'author', m.author_id, 'model', m.model, 'generationId', m.generation_id, 'generation',
     case when g.id is not null then json_build_object('id', g.id, 'purpose', g.purpose, 'model', w.name, 'role', g.role,
       'parameters', g.parameters, 'seed', g.seed, 'state', g.state, 'text', nullif(g.text, m.content),
       'finishReason', g.finish_reason, 'usage', g.usage, 'createdAt', ${utc('g.created_at')}, 'endedAt', ${utc('g.ended_at')}) end,
     'verdict', (select json_build_object('id', v.id, 'source', v.source, 'categories', v.categories, 'action', v.action,
         'createdAt', ${utc('v.created_at')})
       from verdicts v where v.message_id = m.id and v.created_at <= $2::timestamptz order by v.id limit 1),
     'editDistance', m.edit_distance, 'externalId', m.external_id, 'extra', m.extra, 'createdAt', ${utc('m.created_at')}) as message
   from messages m left join generations g on g.id = m.generation_id and g.state in ('done', 'stopped', 'failed')
   left join models w on w.id = g.model_id
   where m.conversation_id = any($1::uuid[]) and m.created_at <= $2::timestamptz`,
);

/** All messages of these conversations, in no order. */
export async function selectMessages(
  db: Database,
  moment: string,
  conversationIds: readonly string[],
): Promise<{ conversationId: string; message: RawMessage }[]> {
  return (await run(db, messagesStatement, [conversationIds, moment])).map(({ conversation_id, message }) => ({
    conversationId: conversation_id,
    message,
  }));
}

const comparisonsStatement = statement<{ line: RawOf<'comparison'> }>(
  'raw_comparisons',
  `select json_build_object('type', 'comparison', 'id', k.id, 'conversation', k.conversation_id, 'prompt', k.prompt_message_id,
     'completions', k.completion_ids, 'round', r.number, 'sampling',
     case when s.id is not null then json_build_object('id', s.id, 'origin', s.origin, 'original', s.original_id,
       'pickSeed', s.pick_seed, 'pickedFrom', s.picked_from, 'authors', s.authors, 'mix', ${mixOf('s.mix')}, 'wanted', s.wanted,
       'parameters', s.parameters, 'seed', s.seed, 'createdAt', ${utc('s.created_at')}, 'endedAt', ${mark('s.ended_at')}) end,
     'createdAt', ${utc('k.created_at')}) as line
   from comparisons k left join rounds r on r.id = k.round_id left join samplings s on s.id = k.sampling_id
   where k.conversation_id = any($1::uuid[]) and k.created_at <= $2::timestamptz order by k.conversation_id, k.id`,
);

/** The comparisons of these conversations, in the order of these. */
export async function selectComparisons(
  db: Database,
  moment: string,
  conversationIds: readonly string[],
): Promise<RawOf<'comparison'>[]> {
  return (await run(db, comparisonsStatement, [conversationIds, moment])).map(({ line }) => line);
}

const idsStatement = statement<{ id: string }>(
  'raw_conversation_ids',
  `select id from conversations
   where project_id = $1::uuid and kind = $5::text and id > $3::uuid and created_at <= $2::timestamptz
   order by id limit $4::int`,
);

export async function nextIds(
  db: Database,
  { projectId, moment }: Scope,
  kind: ConversationKind,
  after: string,
  limit: number,
): Promise<{ id: string }[]> {
  return run(db, idsStatement, [projectId, moment, after, limit, kind]);
}

const rankingsStatement = statement<{ line: RawOf<'ranking'> }>(
  'raw_rankings',
  `select json_build_object('type', 'ranking', 'id', r.id, 'comparison', r.comparison_id, 'trainer', r.trainer_id,
     'assignment', ${assignmentOf('r')}, 'groups', r.groups, 'shown', r.shown, 'ratings', r.ratings, 'round', d.number,
     'comment', r.comment, 'allBad', r.all_bad, 'rewrite', r.rewrite, 'surplus', r.surplus,
     'createdAt', ${utc('r.created_at')}, 'withdrawnAt', ${mark('r.withdrawn_at')}) as line
   from rankings r left join rounds d on d.id = r.round_id
   where r.comparison_id = any($1::uuid[]) and r.created_at <= $2::timestamptz order by r.id`,
);

/** The rankings of these comparisons. */
export async function selectRankings(
  db: Database,
  moment: string,
  comparisonIds: readonly string[],
): Promise<RawOf<'ranking'>[]> {
  return (await run(db, rankingsStatement, [comparisonIds, moment])).map(({ line }) => line);
}

const feedbackStatement = statement<{ line: RawOf<'feedback'> }>(
  'raw_feedback',
  `select json_build_object('type', 'feedback', 'id', id, 'message', message_id, 'person', user_id, 'thumb', thumb, 'text', text,
     'report', case when report_reason is not null then json_build_object('reason', report_reason, 'text', report_text) end,
     'at', ${utc('at')}, 'replacedAt', ${mark('replaced_at')}) as line
   from feedback where project_id = $1::uuid and id > $3::uuid and at <= $2::timestamptz order by id limit $4::int`,
);

export async function nextFeedback(
  db: Database,
  { projectId, moment }: Scope,
  after: string,
  limit: number,
): Promise<RawOf<'feedback'>[]> {
  return (await run(db, feedbackStatement, [projectId, moment, after, limit])).map(({ line }) => line);
}
