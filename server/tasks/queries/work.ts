import type { TaskKind } from '../../../shared/projects.ts';
import type { AssignmentState, WorkItem } from '../../../shared/tasks.ts';
import { type Database, moment, run, statement } from '../../db/database.ts';

export interface WorkSum {
  kind: TaskKind;
  total: number;
  totalMs: number;
  today: number;
  todayMs: number;
}

const sumsStatement = statement<{ kind: TaskKind; total: number; total_ms: string; today: number; today_ms: string }>(
  'work_sums',
  `select kind, (count(*) filter (where state in ('submitted', 'surplus')))::int as total, sum(active_ms)::text as total_ms,
     (count(*) filter (where state in ('submitted', 'surplus') and ended_at >= $2::timestamptz))::int as today,
     coalesce(sum(active_ms) filter (where coalesce(ended_at, claimed_at) >= $2::timestamptz), 0)::text as today_ms
   from (
     select kind, state, active_ms, claimed_at, ended_at, project_id from assignments
     where trainer_id = $1::uuid and state in ('submitted', 'surplus', 'skipped')
     union all
     select kind, state, active_ms, claimed_at, ended_at, project_id from assignments
     where trainer_id = $1::uuid and state in ('active', 'expired')
   ) mine
   where $3::uuid is null or project_id = $3::uuid
   group by kind`,
);

/** What a trainer did, per kind: in all, and since a moment. */
export async function workSums(
  db: Database,
  trainerId: string,
  since: Date,
  projectId: string | null,
): Promise<WorkSum[]> {
  const rows = await run(db, sumsStatement, [trainerId, since.toISOString(), projectId]);
  return rows.map(({ kind, total, total_ms, today, today_ms }) => ({
    kind,
    total,
    totalMs: Number(total_ms),
    today,
    todayMs: Number(today_ms),
  }));
}

export interface WorkRow {
  id: string;
  projectId: string;
  projectName: string;
  kind: TaskKind;
  state: AssignmentState;
  title: string;
  activeMs: number;
  endedAt: Date | null;
  reopenMinutes: number;
  verdicts: WorkItem['verdicts'];
}

interface RawWork {
  id: string;
  project_id: string;
  project_name: string;
  kind: TaskKind;
  state: AssignmentState;
  title: string;
  active_ms: number;
  ended_at: string | null;
  reopen_minutes: number;
  verdicts: WorkItem['verdicts'] | null;
}

const columns = `a.id, a.project_id, p.name as project_name, a.kind, a.state, left(coalesce(m.content, (
    select said.content from messages said where said.conversation_id = a.id order by said.created_at, said.id limit 1
  ), ''), 160) as title, a.active_ms,
  a.ended_at, p.reopen_minutes`;
const joins = `join tasks t on t.id = a.task_id left join messages m on m.id = t.prompt_message_id
  join projects p on p.id = a.project_id`;

/** Of what the trainer wrote in the assignment `a` and did not take back. */
const verdicts = `(select json_agg(json_build_object('id', v.id, 'categories', v.categories, 'action', v.action,
      'disputed', v.disputed_by is not distinct from a.trainer_id, 'text', left(said.content, 160)) order by said.id)
    from conversations c join messages said on said.conversation_id = c.id join verdicts v on v.message_id = said.id
    where c.assignment_id = a.id and c.withdrawn_at is null and a.state <> 'skipped' and said.author_id = a.trainer_id)`;

const endedStatement = statement<RawWork>(
  'work_ended',
  `select ${columns}, ${verdicts} as verdicts from assignments a ${joins}
   where a.trainer_id = $1::uuid and a.state in ('submitted', 'surplus', 'skipped') and ($2::uuid is null or a.project_id = $2::uuid)
     and ($3::timestamptz is null or (a.ended_at, a.id) < ($3::timestamptz, $4::uuid))
   order by a.ended_at desc, a.id desc limit $5::int`,
);

/** Finished pieces of work, newest first, from behind `after`. */
export async function workEnded(
  db: Database,
  trainerId: string,
  projectId: string | null,
  after: { endedAt: Date; id: string } | null,
  limit: number,
): Promise<WorkRow[]> {
  const rows = await run(db, endedStatement, [
    trainerId,
    projectId,
    after?.endedAt.toISOString() ?? null,
    after?.id ?? null,
    limit,
  ]);
  return rows.map(workRow);
}

const begunStatement = statement<RawWork>(
  'work_begun',
  `select ${columns}, null as verdicts from assignments a ${joins}
   where a.trainer_id = $1::uuid and ($2::uuid is null or a.project_id = $2::uuid)
     and a.state in ('active', 'expired') and a.draft is not null and not p.archived
   order by a.claimed_at desc limit 50`,
);

/** Work begun and not finished: with a draft, in hand or expired. */
export async function workBegun(db: Database, trainerId: string, projectId: string | null): Promise<WorkRow[]> {
  return (await run(db, begunStatement, [trainerId, projectId])).map(workRow);
}

function workRow(raw: RawWork): WorkRow {
  return {
    id: raw.id,
    projectId: raw.project_id,
    projectName: raw.project_name,
    kind: raw.kind,
    state: raw.state,
    title: raw.title,
    activeMs: raw.active_ms,
    endedAt: raw.ended_at === null ? null : moment(raw.ended_at),
    reopenMinutes: raw.reopen_minutes,
    verdicts: raw.verdicts ?? [],
  };
}
