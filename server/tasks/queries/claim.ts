import { type Database, run, type Statement, statement } from '../../db/database.ts';
import type { Stretch } from '../claim.ts';
import { assignmentColumns, assignmentRow, taskContent, type AssignmentRow, type RawAssignment } from './assignment.ts';

/**
 * Claiming, in one statement, so that no crash comes between its parts:
 *
 * 1. `mine`: an assignment in this trainer's hands that was begun, or else
 * 2. `left`: one that ran out with a draft and whose place is still free, or else
 * 3. `fresh`: the first open task in the stretches of the queue that is not this trainer's own work and was not theirs
 *    before; tasks that others are taking at this moment are stepped over, not waited for. Stretches of a kind that the
 *    running round does not ask for are passed over; what was begun of it is still given back.
 *
 * Plans are kept, also those made while the tables were small, so each part leaves the planner one way that stays cheap:
 * `state <> 'expired'` keeps it off the index of running leases, which holds everyone's, and `offset 0` has the tasks a
 * trainer had looked up one by one, where a join might read them all.
 *
 * A task in 2 or 3 is locked, so no one else counts it at the same time, and the lock sees its newest version. If the
 * same trainer takes the same task in two tabs at once, the second insert finds a row that is not to be had again: the
 * state then becomes null, which the table refuses, and that undoes the whole statement.
 */
const claiming = (name: string, locking: string): Statement<RawAssignment> =>
  statement(
    name,
    `with project as materialized (
     select p.id, make_interval(mins => p.lease_minutes) as lease, r.kinds
     from projects p left join rounds r on r.id = p.round_id
     where p.id = $1::uuid and not p.archived
       and ($3::boolean or exists (select from members m where m.project_id = p.id and m.user_id = $2::uuid))
   ), mine as materialized (
     select a.id from project, assignments a
     where a.trainer_id = $2::uuid and a.project_id = $1::uuid and a.state in ('active', 'expired')
       and a.state <> 'expired' and a.kind = any($7::text[]) and (a.draft is not null or $11::boolean) and a.id <> all($10::uuid[])
     order by a.id limit 1 for no key update of a
   ), renewed as (
     update assignments a set lease_until = $4::timestamptz + project.lease from mine, project
     where a.id = mine.id returning a.*
   ), left_over as materialized (
     select t.id from project, assignments a join tasks t on t.id = a.task_id
     where not exists (select from mine)
       and a.trainer_id = $2::uuid and a.project_id = $1::uuid and a.state = 'expired' and a.draft is not null
       and a.kind = any($7::text[]) and t.held + t.submitted < t.overlap
     limit 1 for no key update of t ${locking}
   ), fresh as materialized (
     select found.id from project, unnest($7::text[], $8::int[], $9::int[]) as stretch(kind, low, high)
     cross join lateral (
       select t.id from tasks t
       where t.project_id = $1::uuid and t.kind = stretch.kind and t.held + t.submitted < t.overlap
         and t.position >= stretch.low and t.position < stretch.high
         and $2::uuid <> all(t.authors)
         and not exists (
           select from assignments a
           where a.task_id = t.id and a.trainer_id = $2::uuid and a.state not in ('released', 'expired') offset 0)
       order by t.position limit 1 for no key update ${locking}
     ) found
     where not exists (select from mine) and not exists (select from left_over)
       and (project.kinds is null or stretch.kind = any(project.kinds))
     limit 1
   ), picked as (
     select id from left_over union all select id from fresh
   ), taken as (
     update tasks t set held = t.held + 1 from picked where t.id = picked.id returning t.id, t.kind
   ), handed as (
     insert into assignments (id, task_id, trainer_id, project_id, kind, state, lease_until, seed, claimed_at)
     select $5::uuid, taken.id, $2::uuid, $1::uuid, taken.kind, 'active', $4::timestamptz + project.lease, $6::int, $4::timestamptz
     from taken, project
     on conflict (task_id, trainer_id) do update set
       state = case when assignments.state in ('released', 'expired') then 'active' end,
       lease_until = excluded.lease_until, ended_at = null
     returning *
   ), a as (
     select * from renewed union all select * from handed
   )
   select ${assignmentColumns}, ${taskContent} from a join tasks t on t.id = a.task_id`,
  );

export const claimStatement = claiming('claim', 'skip locked');

/**
 * Waits for what others are taking rather than stepping over it: a task that somebody takes at this moment may have
 * another place, and only when that is known is it sure that there is nothing.
 */
const patientClaimStatement = claiming('patient_claim', '');

export interface Claim {
  projectId: string;
  trainerId: string;
  /** Needs no membership. */
  seesAll: boolean;
  now: Date;
  /** Of the new assignment. */
  id: string;
  seed: number;
  stretches: Stretch[];
  holding: readonly string[];
  resumeUntouched: boolean;
}

/** With `patient`, null means that there is nothing; without, it may mean that others are taking what there is. */
export async function claim(
  db: Database,
  request: Claim,
  { patient }: { patient: boolean },
): Promise<AssignmentRow | null> {
  const [raw] = await run(db, patient ? patientClaimStatement : claimStatement, [
    request.projectId,
    request.trainerId,
    request.seesAll,
    request.now.toISOString(),
    request.id,
    request.seed,
    request.stretches.map(({ kind }) => kind),
    request.stretches.map(({ low }) => low),
    request.stretches.map(({ high }) => high),
    request.holding,
    request.resumeUntouched,
  ]);
  return raw ? assignmentRow(raw) : null;
}
