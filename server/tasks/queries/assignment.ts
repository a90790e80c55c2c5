import type { Message, ShownMessage } from '../../../shared/conversations.ts';
import type { ModerationCategory } from '../../../shared/moderation-terms.ts';
import type { ModerationSettings, Rubric, TaskKind } from '../../../shared/projects.ts';
import type { AssignmentState, Draft } from '../../../shared/tasks.ts';
import { type Database, moment, run, statement } from '../../db/database.ts';

/** An assignment with what its trainer needs to see, and what a submission of it is checked against. */
export interface AssignmentRow {
  id: string;
  taskId: string;
  projectId: string;
  trainerId: string;
  kind: TaskKind;
  state: AssignmentState;
  leaseUntil: Date;
  seed: number;
  draft: Draft | null;
  revision: number;
  activeMs: number;
  claimedAt: Date;
  endedAt: Date | null;
  submissionHash: string | null;
  /** Null for a chat that the trainer opens. */
  conversationId: string | null;
  comparisonId: string | null;
  conversation: ShownMessage[];
  /** Of a comparison, in the order in which they came. */
  completions: Omit<ShownMessage, 'role'>[] | null;
}

/** A text as the database tells it. */
interface RawText {
  content: string;
  hidden: ModerationCategory[] | null;
}

export interface RawAssignment {
  id: string;
  task_id: string;
  project_id: string;
  trainer_id: string;
  kind: TaskKind;
  state: AssignmentState;
  lease_until: string;
  seed: number;
  draft: Draft | null;
  revision: number;
  active_ms: number;
  claimed_at: string;
  ended_at: string | null;
  submission_hash: string | null;
  conversation_id: string | null;
  comparison_id: string | null;
  conversation: (RawText & Pick<Message, 'role'>)[] | null;
  completions: RawText[] | null;
}

export const assignmentColumns = `a.id, a.task_id, a.project_id, a.trainer_id, a.kind, a.state, a.lease_until, a.seed, a.draft,
  a.revision, a.active_ms, a.claimed_at, a.ended_at, a.submission_hash`;

/** The path from the root to the prompt of the task `t`, as JSON; `also` adds to what is told of each message. */
const path = (also = ''): string => `(with recursive path as (
    select m.id, m.parent_id, m.role, m.content, 0 as height from messages m where m.id = t.prompt_message_id
    union all
    select m.id, m.parent_id, m.role, m.content, path.height + 1 from path join messages m on m.id = path.parent_id
  ) select json_agg(json_build_object('role', role, 'content', content${also}) order by height desc) from path)`;

/** The categories for which moderation hides a message; null where it does not, or where an admin said that it was wrong. */
const hiddenFor = (messageId: string): string => `(select v.categories from verdicts v
    where v.message_id = ${messageId} and v.action = 'collapse' and v.resolution is distinct from 'right' limit 1)`;

/** What the task `t` shows: the path from the root to its prompt, and a comparison's completions. */
export const taskContent = `t.conversation_id, t.comparison_id, ${path(`, 'hidden', ${hiddenFor('path.id')}`)} as conversation,
  (select json_agg(json_build_object('content', m.content, 'hidden', ${hiddenFor('m.id')}) order by listed.place)
   from comparisons c, unnest(c.completion_ids) with ordinality as listed(id, place)
   join messages m on m.id = listed.id
   where c.id = t.comparison_id
  ) as completions`;

export function assignmentRow(raw: RawAssignment): AssignmentRow {
  return {
    id: raw.id,
    taskId: raw.task_id,
    projectId: raw.project_id,
    trainerId: raw.trainer_id,
    kind: raw.kind,
    state: raw.state,
    leaseUntil: moment(raw.lease_until),
    seed: raw.seed,
    draft: raw.draft,
    revision: raw.revision,
    activeMs: raw.active_ms,
    claimedAt: moment(raw.claimed_at),
    endedAt: raw.ended_at === null ? null : moment(raw.ended_at),
    submissionHash: raw.submission_hash,
    conversationId: raw.conversation_id,
    comparisonId: raw.comparison_id,
    conversation: raw.conversation?.map((message) => ({ role: message.role, ...shownText(message) })) ?? [],
    completions: raw.completions?.map(shownText) ?? null,
  };
}

function shownText({ content, hidden }: RawText): Omit<ShownMessage, 'role'> {
  return { content, ...(hidden && { hidden }) };
}

const readStatement = statement<RawAssignment>(
  'read_assignment',
  `select ${assignmentColumns}, ${taskContent} from assignments a join tasks t on t.id = a.task_id
   where a.id = $1::uuid and a.trainer_id = $2::uuid`,
);

/** A trainer's own assignment, with what it shows. */
export async function selectAssignment(db: Database, id: string, trainerId: string): Promise<AssignmentRow | null> {
  const [raw] = await run(db, readStatement, [id, trainerId]);
  return raw ? assignmentRow(raw) : null;
}

/** What a submission is checked against, without the texts. */
export interface Standing {
  id: string;
  projectId: string;
  /** Null for a chat that the trainer opens. */
  conversationId: string | null;
  comparisonId: string | null;
  kind: TaskKind;
  state: AssignmentState;
  seed: number;
  leaseUntil: Date;
  claimedAt: Date;
  endedAt: Date | null;
  revision: number;
  draft: Draft | null;
  submissionHash: string | null;
  /** Number of completions; 0 where it is no comparison. */
  k: number;
  rubric: Rubric;
  moderation: ModerationSettings;
  limits: { maxTurns: number; maxCharacters: number };
  /** Of a hundred words of a demonstration, so many must be the trainer's own. */
  ownWords: number;
  reopenMinutes: number;
  /** The path that a demonstration or a chat goes on from; empty for comparisons. */
  prompt: Message[];
}

export const standingStatement = statement<{
  id: string;
  project_id: string;
  conversation_id: string | null;
  comparison_id: string | null;
  kind: TaskKind;
  state: AssignmentState;
  seed: number;
  lease_until: string;
  claimed_at: string;
  ended_at: string | null;
  revision: number;
  draft: Draft | null;
  submission_hash: string | null;
  k: number;
  rubric: Rubric;
  moderation: ModerationSettings;
  limits: { maxTurns: number; maxCharacters: number };
  own_words: number;
  reopen_minutes: number;
  prompt: Message[] | null;
}>(
  'standing',
  `select a.id, a.project_id, t.conversation_id, t.comparison_id, a.kind, a.state, a.seed, a.lease_until, a.claimed_at, a.ended_at, a.revision,
     case when a.state in ('active', 'expired') then a.draft end as draft, a.submission_hash,
     coalesce(cardinality(c.completion_ids), 0) as k, p.rubric, p.moderation, p.limits, p.own_words, p.reopen_minutes,
     case when a.kind <> 'comparison' then ${path()} end as prompt
   from assignments a join tasks t on t.id = a.task_id join projects p on p.id = a.project_id
   left join comparisons c on c.id = t.comparison_id
   where a.id = $1::uuid and a.trainer_id = $2::uuid`,
);

export async function selectStanding(db: Database, id: string, trainerId: string): Promise<Standing | null> {
  const [raw] = await run(db, standingStatement, [id, trainerId]);
  if (!raw) return null;
  return {
    id: raw.id,
    projectId: raw.project_id,
    conversationId: raw.conversation_id,
    comparisonId: raw.comparison_id,
    kind: raw.kind,
    state: raw.state,
    seed: raw.seed,
    leaseUntil: moment(raw.lease_until),
    claimedAt: moment(raw.claimed_at),
    endedAt: raw.ended_at === null ? null : moment(raw.ended_at),
    revision: raw.revision,
    draft: raw.draft,
    submissionHash: raw.submission_hash,
    k: raw.k,
    rubric: raw.rubric,
    moderation: raw.moderation,
    limits: raw.limits,
    ownWords: raw.own_words,
    reopenMinutes: raw.reopen_minutes,
    prompt: raw.prompt ?? [],
  };
}
