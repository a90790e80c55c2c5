import type { AssignmentState, Draft } from '../../../shared/tasks.ts';
import { type Database, run, type Statement, statement } from '../../db/database.ts';

export interface Submitting {
  assignmentId: string;
  trainerId: string;
  now: Date;
  /** SHA-256 of the submission. */
  hash: string;
  activeMs: number;
  /** Of the progress sums. */
  slot: number;
}

/** Parameters that `submitting` takes; those of the kind's own part begin after them. */
export const submittingParameters = 6;

/**
 * Submitting, in one statement. `prior` locks the assignment, so that of two submissions at once the second finds it no
 * longer open and changes nothing. `counted` takes the place: a live lease has one, a late submission needs a free one.
 * Where there is none, the work is kept as surplus. `results` is the kind's own insert of what was made; it selects from
 * `ended` (id, task_id, project_id, trainer_id, state, active_ms, at). `at` is not before the statement by the database's clock, which is a
 * release's: what a release did not see is never older than it.
 */
export function submitting(name: string, results: string): Statement<{ state: AssignmentState }> {
  return statement(
    name,
    `with prior as materialized (
       select a.id, a.task_id, a.state from assignments a
       where a.id = $1::uuid and a.trainer_id = $2::uuid and a.state in ('active', 'expired', 'released', 'skipped')
       for no key update
     ), counted as (
       update tasks t set submitted = t.submitted + 1, held = t.held - (prior.state = 'active')::int from prior
       where t.id = prior.task_id and (prior.state = 'active' or t.held + t.submitted < t.overlap)
       returning t.project_id, t.kind
     ), summed as (
       insert into task_progress (project_id, kind, slot, submitted)
       select project_id, kind, $6::int, 1 from counted
       on conflict (project_id, kind, slot) do update set submitted = task_progress.submitted + 1
     ), ended as (
       update assignments a set
         state = case when exists (select from counted) then 'submitted' else 'surplus' end,
         ended_at = $3::timestamptz, submission_hash = $4::text, active_ms = greatest(a.active_ms, $5::int),
         draft = null, revision = a.revision + 1
       from prior where a.id = prior.id
       returning a.id, a.task_id, a.project_id, a.trainer_id, a.state, a.active_ms, greatest(a.ended_at, statement_timestamp()) as at
     ), ${results}
     select state from ended`,
  );
}

/** Runs a statement made with `submitting`. Says what became of the assignment; null where it was no longer open. */
export async function endWith(
  db: Database,
  ending: Statement<{ state: AssignmentState }>,
  { assignmentId, trainerId, now, hash, activeMs, slot }: Submitting,
  values: readonly unknown[],
): Promise<AssignmentState | null> {
  const [ended] = await run(db, ending, [assignmentId, trainerId, now.toISOString(), hash, activeMs, slot, ...values]);
  return ended?.state ?? null;
}

const reopenStatement = statement<{ id: string }>(
  'reopen',
  `with prior as materialized (
     select a.id, a.task_id, a.kind, a.project_id from assignments a
     where a.id = $1::uuid and a.trainer_id = $2::uuid and a.state = 'submitted' and a.submission_hash = $3::text
     for no key update
   ), uncounted as (
     update tasks t set submitted = t.submitted - 1, held = t.held + 1 from prior where t.id = prior.task_id
   ), summed as (
     update task_progress s set submitted = s.submitted - 1 from prior
     where s.project_id = prior.project_id and s.kind = prior.kind
       and s.slot = (select min(slot) from task_progress l where l.project_id = prior.project_id and l.kind = prior.kind)
   ), withdrawn_rankings as (
     update rankings r set withdrawn_at = greatest($4::timestamptz, statement_timestamp()) from prior
     where r.assignment_id = prior.id and r.withdrawn_at is null
   ), withdrawn_conversations as (
     update conversations c set withdrawn_at = greatest($4::timestamptz, statement_timestamp()) from prior
     where c.assignment_id = prior.id and c.kind <> 'chat' and c.withdrawn_at is null
   ), withdrawn_endings as (
     update chat_endings e set withdrawn_at = greatest($4::timestamptz, statement_timestamp()) from prior
     where e.conversation_id = prior.id and e.withdrawn_at is null
   )
   update assignments a set state = 'active', ended_at = null, submission_hash = null, draft = $5::jsonb,
     revision = a.revision + 1, lease_until = $4::timestamptz + make_interval(mins => p.lease_minutes)
   from prior, projects p where a.id = prior.id and p.id = prior.project_id
   returning a.id`,
);

/** Takes a submission back, with its content as the draft. False where it is another one, or none, by now. */
export async function reopen(
  db: Database,
  request: { assignmentId: string; trainerId: string; submissionHash: string; now: Date; draft: Draft },
): Promise<boolean> {
  const { assignmentId, trainerId, submissionHash, now, draft } = request;
  const rows = await run(db, reopenStatement, [
    assignmentId,
    trainerId,
    submissionHash,
    now.toISOString(),
    JSON.stringify(draft),
  ]);
  return rows.length > 0;
}
