import type { TaskKind } from '../../../shared/projects.ts';
import { type Database, moment, run, statement } from '../../db/database.ts';

/** So many open tasks are looked at to say why none is for this trainer; all of them were passed over just before. */
const sample = 10_000;

const standingStatement = statement<{
  open: number;
  mine: number;
  authored: number;
  next_expiry: string | null;
}>(
  'queue_standing',
  `with looked as (
     select $2::uuid = any(t.authors) as authored,
       exists (select from assignments a
         where a.task_id = t.id and a.trainer_id = $2::uuid and a.state not in ('released', 'expired') offset 0) as mine
     from tasks t
     where t.project_id = $1::uuid and t.kind = any($3::text[]) and t.held + t.submitted < t.overlap
     limit ${sample}
   )
   select count(*) filter (where not mine and not authored)::int as open, count(*) filter (where mine)::int as mine,
     count(*) filter (where authored)::int as authored,
     (select min(a.lease_until) from assignments a
      where a.state = 'active' and a.project_id = $1::uuid and a.kind = any($3::text[]) and a.trainer_id <> $2::uuid
     ) as next_expiry
   from looked`,
);

export interface QueueStanding {
  /** Tasks with a free place: for this trainer, done or begun by them, written by them. */
  open: number;
  mine: number;
  authored: number;
  /** When the first lease in other hands runs out. */
  nextExpiry: Date | null;
}

export async function queueStanding(
  db: Database,
  projectId: string,
  trainerId: string,
  kinds: readonly TaskKind[],
): Promise<QueueStanding> {
  const [raw] = await run(db, standingStatement, [projectId, trainerId, kinds]);
  if (!raw) throw new Error('an aggregate gives one row');
  const { open, mine, authored, next_expiry } = raw;
  return { open, mine, authored, nextExpiry: next_expiry === null ? null : moment(next_expiry) };
}
