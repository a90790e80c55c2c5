import { newId } from '../db/ids.ts';
import type { MessageRole } from '../../shared/conversations.ts';
import type { ModerationAction, ModerationCategory } from '../../shared/moderation-terms.ts';
import type { Dispute, Verdict } from '../../shared/moderation.ts';
import { type Database, moment, run, statement } from '../db/database.ts';

const insertStatement = statement<never>(
  'insert_verdict',
  `with replaced as (
     update verdicts set source = $4::text, categories = $5::text[], action = $6::text
     where message_id = $3::uuid and disputed_at is null
   )
   insert into verdicts (id, project_id, message_id, source, categories, action)
   select $1::uuid, $2::uuid, $3::uuid, $4::text, $5::text[], $6::text
   where not exists (select from verdicts where message_id = $3::uuid)`,
);

/** Keeps one verdict for a message: the latest, or the one that is disputed. */
export async function insertVerdict(
  db: Database,
  verdict: {
    projectId: string;
    messageId: string;
    source: string;
    categories: ModerationCategory[];
    action: ModerationAction;
  },
): Promise<void> {
  const { projectId, messageId, source, categories, action } = verdict;
  await run(db, insertStatement, [newId(), projectId, messageId, source, categories, action]);
}

const verdictsStatement = statement<Verdict & { message_id: string }>(
  'verdicts_of',
  `select v.message_id, v.id, v.categories, v.action,
     (v.disputed_by is not distinct from $2::uuid
       or exists (select from feedback f
         where f.message_id = v.message_id and f.user_id = $2::uuid and f.report_reason = 'moderation_wrong'
           and f.replaced_at is null)) as disputed
   from verdicts v where v.message_id = any($1::uuid[])`,
);

export async function selectVerdicts(
  db: Database,
  messageIds: string[],
  userId: string,
): Promise<(Verdict & { messageId: string })[]> {
  const rows = await run(db, verdictsStatement, [messageIds, userId]);
  return rows.map(({ message_id, ...verdict }) => ({ ...verdict, messageId: message_id }));
}

/** A person's own: what they wrote, what was said in their chat, and what a model writes or wrote for them. */
const disputeStatement = statement<Verdict>(
  'dispute_verdict',
  `update verdicts v set disputed_by = $2::uuid, disputed_at = coalesce(v.disputed_at, $3::timestamptz),
     dispute = case when $4::text = '' then v.dispute else $4::text end
   where v.id = $1::uuid and (
     exists (select from messages m join conversations c on c.id = m.conversation_id left join assignments a on a.id = c.assignment_id
       where m.id = v.message_id and (m.author_id = $2::uuid or a.trainer_id = $2::uuid))
     or exists (select from generations g where g.id = v.message_id and g.trainer_id = $2::uuid))
   returning v.id, v.categories, v.action, true as disputed`,
);

/** Null where there is no such verdict, or it is none of this person's business. An empty comment keeps the one before. */
export async function disputeVerdict(
  db: Database,
  { verdictId, userId, comment, now }: { verdictId: string; userId: string; comment: string; now: Date },
): Promise<Verdict | null> {
  const [row] = await run(db, disputeStatement, [verdictId, userId, now.toISOString(), comment]);
  return row ?? null;
}

interface RawDispute {
  id: string;
  project_id: string;
  kind: Dispute['kind'];
  categories: ModerationCategory[];
  action: ModerationAction | null;
  source: string;
  role: MessageRole;
  content: string;
  comment: string;
  by_id: string;
  by_name: string;
  at: string;
  resolution: Dispute['resolution'];
}

/**
 * Disputed verdicts, and reports that moderation was wrong of messages without a disputed verdict: the two are of one kind
 * where there is a verdict. `which` narrows both by `id` and `project_id`, and says the order and the limit.
 */
const disputes = (which: string): string =>
  `select d.*, u.name as by_name, coalesce(m.role, g.role, 'assistant') as role, coalesce(m.content, g.text, '') as content
   from (
     (select id, project_id, 'false_positive' as kind, message_id, categories, action, source, dispute as comment,
        disputed_by as by_id, disputed_at as at, resolution
      from verdicts where disputed_at is not null and ${which})
     union all
     (select f.id, f.project_id, case when v.id is null then 'false_negative' else 'false_positive' end, f.message_id,
        coalesce(v.categories, '{}'), v.action, coalesce(v.source, ''), f.report_text, f.user_id, f.at, f.resolution
      from (
        select * from feedback where report_reason = 'moderation_wrong' and replaced_at is null and not exists (
          select from verdicts w where w.message_id = feedback.message_id and w.disputed_at is not null
        ) and ${which}
      ) f left join verdicts v on v.message_id = f.message_id)
   ) d join users u on u.id = d.by_id left join messages m on m.id = d.message_id left join generations g on g.id = d.message_id`;

const newestStatement = statement<RawDispute>(
  'disputes_newest',
  `${disputes('project_id = $1::uuid and ($2::uuid is null or id < $2::uuid) order by id desc limit $3::int')}
   order by d.id desc limit $3::int`,
);
const nextStatement = statement<RawDispute>(
  'disputes_next',
  `${disputes('project_id = $1::uuid and id > $2::uuid order by id limit $3::int')} order by d.id limit $3::int`,
);
const oneStatement = statement<RawDispute>('dispute', disputes('id = $1::uuid'));

/** The disputes of a project from before an id, the newest first. */
export async function newestDisputes(
  db: Database,
  projectId: string,
  before: string | null,
  limit: number,
): Promise<Dispute[]> {
  return (await run(db, newestStatement, [projectId, before, limit])).map(disputeOf);
}

/** The disputes that follow `after` in the order of ids. */
export async function nextDisputes(db: Database, projectId: string, after: string, limit: number): Promise<Dispute[]> {
  return (await run(db, nextStatement, [projectId, after, limit])).map(disputeOf);
}

export async function selectDispute(db: Database, id: string): Promise<Dispute | null> {
  const [row] = await run(db, oneStatement, [id]);
  return row ? disputeOf(row) : null;
}

const resolveStatement = statement<{ id: string }>(
  'resolve_dispute',
  `with of_verdict as (
     update verdicts set resolution = $2::text where id = $1::uuid and disputed_at is not null returning id
   ), of_report as (
     update feedback set resolution = $2::text
     where id = $1::uuid and report_reason = 'moderation_wrong' and replaced_at is null returning id
   )
   select id from of_verdict union all select id from of_report`,
);

/** False where there is no such dispute. */
export async function resolveDispute(db: Database, id: string, resolution: Dispute['resolution']): Promise<boolean> {
  return (await run(db, resolveStatement, [id, resolution])).length > 0;
}

function disputeOf({ by_id, by_name, at, ...raw }: RawDispute): Dispute {
  return {
    id: raw.id,
    kind: raw.kind,
    categories: raw.categories,
    action: raw.action,
    source: raw.source,
    role: raw.role,
    content: raw.content,
    comment: raw.comment,
    by: { id: by_id, name: by_name },
    at: moment(at).toISOString(),
    resolution: raw.resolution,
  };
}
