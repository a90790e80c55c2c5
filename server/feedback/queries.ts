import { newId } from '../db/ids.ts';
import type { Message } from '../../shared/conversations.ts';
import type { Feedback, FeedbackItem, ReportReason } from '../../shared/feedback.ts';
import { type Database, moment, run, statement } from '../db/database.ts';

interface RawFeedback {
  thumb: Feedback['thumb'];
  text: string;
  report_reason: ReportReason | null;
  report_text: string;
}

function feedbackOf({ thumb, text, report_reason, report_text }: RawFeedback): Feedback {
  return { thumb, text, report: report_reason === null ? null : { reason: report_reason, text: report_text } };
}

const ownStatement = statement<{ project_id: string }>(
  'feedback_target',
  `select c.project_id from messages m join conversations c on c.id = m.conversation_id join assignments a on a.id = c.assignment_id
   where m.id = $1::uuid and m.author_kind = 'model' and c.kind = 'chat' and a.trainer_id = $2::uuid`,
);

/** The project of a model-written message of a trainer's own chat; null where it is none. */
export async function projectOfOwn(db: Database, messageId: string, userId: string): Promise<string | null> {
  const [row] = await run(db, ownStatement, [messageId, userId]);
  return row?.project_id ?? null;
}

const putStatement = statement<{ stands: boolean }>(
  'put_feedback',
  `with same as materialized (
     select id from feedback f where f.message_id = $3::uuid and f.user_id = $4::uuid and f.replaced_at is null
       and (f.thumb, f.text, f.report_reason, f.report_text) is not distinct from ($5::text, $6::text, $7::text, $8::text)
   ), replaced as (
     update feedback f set replaced_at = greatest($9::timestamptz, statement_timestamp())
     where f.message_id = $3::uuid and f.user_id = $4::uuid and f.replaced_at is null and not exists (select from same)
     returning f.report_reason, f.report_text, f.resolution
   ), put as (
     insert into feedback (id, project_id, message_id, user_id, thumb, text, report_reason, report_text, at, resolution)
     select $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::text, $6::text, $7::text, $8::text,
       greatest($9::timestamptz, statement_timestamp()),
       (select r.resolution from replaced r where (r.report_reason, r.report_text) is not distinct from ($7::text, $8::text))
     where not exists (select from same) and (select count(*) from replaced) >= 0
     on conflict (message_id, user_id) where replaced_at is null do nothing
     returning id
   )
   select exists (select from same) or exists (select from put) as stands`,
);

/**
 * Puts a person's feedback in the place of what they said before, which stays as a row that was replaced. What an admin said
 * stands while the report is the same. False where the person said something else at this very moment.
 */
export async function putFeedback(
  db: Database,
  given: { projectId: string; messageId: string; userId: string; feedback: Feedback; now: Date },
): Promise<boolean> {
  const { projectId, messageId, userId, feedback, now } = given;
  const { thumb, text, report } = feedback;
  const [row] = await run(db, putStatement, [
    newId(),
    projectId,
    messageId,
    userId,
    thumb,
    text,
    report?.reason ?? null,
    report?.text ?? '',
    now.toISOString(),
  ]);
  return row?.stands ?? false;
}

const removeStatement = statement<never>(
  'remove_feedback',
  `update feedback set replaced_at = greatest($3::timestamptz, statement_timestamp())
   where message_id = $1::uuid and user_id = $2::uuid and replaced_at is null`,
);

/** Takes back what a person said; it stays as a row that was replaced. */
export async function removeFeedback(db: Database, messageId: string, userId: string, now: Date): Promise<void> {
  await run(db, removeStatement, [messageId, userId, now.toISOString()]);
}

const givenStatement = statement<RawFeedback & { message_id: string }>(
  'feedback_of',
  `select message_id, thumb, text, report_reason, report_text from feedback
   where message_id = any($1::uuid[]) and user_id = $2::uuid and replaced_at is null`,
);

export async function selectFeedback(
  db: Database,
  messageIds: string[],
  userId: string,
): Promise<{ messageId: string; feedback: Feedback }[]> {
  const rows = await run(db, givenStatement, [messageIds, userId]);
  return rows.map((row) => ({ messageId: row.message_id, feedback: feedbackOf(row) }));
}

const reportedStatement = statement<{ message_id: string }>(
  'reported_among',
  `select distinct message_id from feedback
   where message_id = any($1::uuid[]) and report_reason is not null and replaced_at is null`,
);

export async function selectReported(db: Database, messageIds: string[]): Promise<string[]> {
  return (await run(db, reportedStatement, [messageIds])).map(({ message_id }) => message_id);
}

export type FeedbackKind = 'all' | 'up' | 'down' | 'text' | 'report';
const ofKind: Record<FeedbackKind, string> = {
  all: 'true',
  up: `f.thumb = 'up'`,
  down: `f.thumb = 'down'`,
  text: `f.text <> ''`,
  report: 'f.report_reason is not null',
};

/** Of the prompt and the message, as many characters as the list shows. */
const shown = 2_000;

interface RawItem extends RawFeedback {
  id: string;
  message_id: string;
  user_id: string;
  user_name: string;
  at: string;
  model: string;
  round_number: number | null;
  prompt: string;
  content: string;
}

const newestStatement = (kind: FeedbackKind) =>
  statement<RawItem>(
    `feedback_newest_${kind}`,
    `select f.*, u.name as user_name, coalesce(m.model, '') as model, r.number as round_number,
       left(coalesce(p.content, ''), ${shown}) as prompt, left(m.content, ${shown}) as content
     from (
       select f.id, f.message_id, f.user_id, f.thumb, f.text, f.report_reason, f.report_text, f.at from feedback f
       where f.project_id = $1::uuid and ($2::uuid is null or f.id < $2::uuid) and f.replaced_at is null
         and ${ofKind[kind]}
       order by f.id desc limit $3::int
     ) f join users u on u.id = f.user_id join messages m on m.id = f.message_id
     join conversations c on c.id = m.conversation_id
     left join messages p on p.id = m.parent_id left join rounds r on r.id = c.round_id
     order by f.id desc`,
  );

/** Feedback of a kind from before an id, the newest first. */
export async function newestFeedback(
  db: Database,
  projectId: string,
  kind: FeedbackKind,
  before: string | null,
  limit: number,
): Promise<FeedbackItem[]> {
  return (await run(db, newestStatement(kind), [projectId, before, limit])).map((row) => ({
    id: row.id,
    messageId: row.message_id,
    feedback: feedbackOf(row),
    by: { id: row.user_id, name: row.user_name },
    at: moment(row.at).toISOString(),
    model: row.model,
    roundNumber: row.round_number,
    prompt: row.prompt,
    content: row.content,
  }));
}

export interface FeedbackSum {
  model: string;
  up: number;
  down: number;
  texts: number;
  reports: number;
}

const sumsStatement = statement<FeedbackSum>(
  'feedback_sums',
  `select coalesce(m.model, '') as model, (count(*) filter (where ${ofKind.up}))::int as up,
     (count(*) filter (where ${ofKind.down}))::int as down, (count(*) filter (where ${ofKind.text}))::int as texts,
     (count(*) filter (where ${ofKind.report}))::int as reports
   from feedback f join messages m on m.id = f.message_id
   where f.project_id = $1::uuid and f.replaced_at is null group by 1 order by 1`,
);

/** What was said of each model in a project. */
export async function feedbackSums(db: Database, projectId: string): Promise<FeedbackSum[]> {
  return run(db, sumsStatement, [projectId]);
}

export interface FeedbackLine {
  id: string;
  /** From the root to the message before. */
  prompt: Message[];
  completion: string;
  model: string;
  feedback: Feedback;
  trainer: string;
}

const linesStatement = statement<
  RawFeedback & { id: string; prompt: Message[] | null; completion: string; model: string; trainer: string }
>(
  'feedback_lines',
  `select f.id, f.thumb, f.text, f.report_reason, f.report_text, m.content as completion, coalesce(m.model, '') as model,
     u.name as trainer,
     (with recursive path as (
        select p.parent_id, p.role, p.content, 0 as height from messages p where p.id = m.parent_id
        union all
        select p.parent_id, p.role, p.content, path.height + 1 from path join messages p on p.id = path.parent_id
      ) select json_agg(json_build_object('role', role, 'content', content) order by height desc) from path) as prompt
   from (
     select * from feedback where project_id = $1::uuid and id > $2::uuid and replaced_at is null order by id limit $3::int
   ) f join users u on u.id = f.user_id join messages m on m.id = f.message_id
   order by f.id`,
);

/** The feedback that follows `after` in the order of ids. */
export async function nextFeedback(
  db: Database,
  projectId: string,
  after: string,
  limit: number,
): Promise<FeedbackLine[]> {
  return (await run(db, linesStatement, [projectId, after, limit])).map((row) => ({
    id: row.id,
    prompt: row.prompt ?? [],
    completion: row.completion,
    model: row.model,
    feedback: feedbackOf(row),
    trainer: row.trainer,
  }));
}
