import type { AssignmentState } from '../../../shared/tasks.ts';
import { type Database, moment, run, statement } from '../../db/database.ts';

const giveBackStatement = statement<{ id: string }>(
  'give_back',
  `with prior as materialized (
     select a.id, a.task_id, a.state from assignments a
     where a.id = $1::uuid and a.trainer_id = $2::uuid and a.state in ('active', 'expired')
     for no key update
   ), freed as (
     update tasks t set held = t.held - 1 from prior where t.id = prior.task_id and prior.state = 'active'
   )
   update assignments a set state = $3::text, ended_at = $4::timestamptz, skip_reason = $5::text, comment = $6::text,
     active_ms = greatest(a.active_ms, $7::int)
   from prior where a.id = prior.id
   returning a.id`,
);

/** Ends an assignment without a submission. False where it had ended already. */
export async function giveBack(
  db: Database,
  request: {
    assignmentId: string;
    trainerId: string;
    state: 'skipped' | 'released';
    now: Date;
    reason: string | null;
    comment: string | null;
    activeMs: number;
  },
): Promise<boolean> {
  const { assignmentId, trainerId, state, now, reason, comment, activeMs } = request;
  const rows = await run(db, giveBackStatement, [
    assignmentId,
    trainerId,
    state,
    now.toISOString(),
    reason,
    comment,
    activeMs,
  ]);
  return rows.length > 0;
}

export interface Kept {
  state: AssignmentState;
  leaseUntil: Date;
  revision: number;
}

/**
 * Where `$3` is null, the draft stays; otherwise it is saved if nobody saved one since revision `$4`. `may`: whoever is no
 * member any more, or whose project is archived, keeps what they write, but no place.
 */
const keepStatement = statement<{ state: AssignmentState; lease_until: string; revision: number }>(
  'keep',
  `with prior as materialized (
     select a.id, a.task_id, a.project_id, a.state from assignments a
     where a.id = $1::uuid and a.trainer_id = $2::uuid and a.state in ('active', 'expired')
       and ($3::jsonb is null or a.revision = $4::int)
     for no key update
   ), may as materialized (
     select $6::timestamptz + make_interval(mins => p.lease_minutes) as lease_until
     from prior join projects p on p.id = prior.project_id
     where not p.archived and (
       exists (select from members m where m.project_id = p.id and m.user_id = $2::uuid)
       or exists (select from users u where u.id = $2::uuid and u.role = 'admin'))
   ), retaken as (
     update tasks t set held = t.held + 1 from prior, may
     where t.id = prior.task_id and prior.state = 'expired' and t.held + t.submitted < t.overlap
     returning t.id
   ), held as materialized (
     select prior.state = 'active' or exists (select from retaken) as held from prior
   )
   update assignments a set
     draft = coalesce($3::jsonb, a.draft), revision = a.revision + ($3::jsonb is not null)::int,
     active_ms = greatest(a.active_ms, least($5::int, (extract(epoch from $6::timestamptz - a.claimed_at) * 1000)::bigint)::int),
     state = case when held.held then 'active' else 'expired' end,
     lease_until = case when held.held then coalesce((select lease_until from may), a.lease_until) else a.lease_until end
   from prior, held where a.id = prior.id
   returning a.state, a.lease_until, a.revision`,
);

/**
 * A sign of life: renews the lease, with a draft also saves that. A place that had run out is taken back where it is still
 * free. Null where the assignment has ended, or a draft of another revision is stored.
 */
export async function keep(
  db: Database,
  request: {
    assignmentId: string;
    trainerId: string;
    /** As JSON text. */
    draft: { text: string; revision: number } | null;
    /** Time at work as the client counted it, in milliseconds; never more than has passed since the claim is believed. */
    activeMs: number;
    now: Date;
  },
): Promise<Kept | null> {
  const { assignmentId, trainerId, draft, activeMs, now } = request;
  const [raw] = await run(db, keepStatement, [
    assignmentId,
    trainerId,
    draft?.text ?? null,
    draft?.revision ?? 0,
    Math.min(activeMs, 2 ** 31 - 1),
    now.toISOString(),
  ]);
  return raw ? { state: raw.state, leaseUntil: moment(raw.lease_until), revision: raw.revision } : null;
}

const expireStatement = statement<{ project_id: string }>(
  'expire',
  `with overdue as materialized (
     select a.id, a.task_id from assignments a where a.state = 'active' and a.lease_until < $1::timestamptz
     order by a.lease_until limit $2::int for no key update skip locked
   ), freed as (
     update tasks t set held = t.held - hands.count
     from (select task_id, count(*)::int as count from overdue group by task_id) hands where t.id = hands.task_id
   )
   update assignments a set state = 'expired', ended_at = a.lease_until from overdue where a.id = overdue.id
   returning a.project_id`,
);

/** Ends leases that ran out before `now`, at most `limit`; says of which projects, once per lease. */
export async function expire(db: Database, now: Date, limit: number): Promise<string[]> {
  return (await run(db, expireStatement, [now.toISOString(), limit])).map((row) => row.project_id);
}
