import type { SamplingState } from '../../../shared/samplings.ts';
import { type Database, moment, run, statement } from '../../db/database.ts';
import type { samplings } from '../../db/tables.ts';

/** A sampling as it is listed. */
export interface Listed {
  id: string;
  projectId: string;
  origin: (typeof samplings.$inferSelect)['origin'];
  state: SamplingState;
  detail: string | null;
  attempts: number;
  retryAt: Date | null;
  /** The original included, as in `sampled`. */
  wanted: number;
  sampled: number;
  title: string;
  createdAt: Date;
  endedAt: Date | null;
}

interface RawListed extends Omit<Listed, 'retryAt' | 'createdAt' | 'endedAt'> {
  retry_at: string | null;
  created_at: string;
  ended_at: string | null;
}

const listedColumns = `s.id, s.project_id as "projectId", s.origin, s.state, s.detail, s.attempts, s.retry_at, s.created_at, s.ended_at,
  s.wanted + (s.original_id is not null)::int as wanted, left(m.content, 160) as title,
  coalesce((select cardinality(c.completion_ids) from comparisons c where c.id = s.comparison_id),
    least(s.wanted, (select count(*)::int from generations g where g.group_id = s.id)) + (s.original_id is not null)::int) as sampled`;

const listedRow = ({ retry_at, created_at, ended_at, ...row }: RawListed): Listed => ({
  ...row,
  retryAt: retry_at === null ? null : moment(retry_at),
  createdAt: moment(created_at),
  endedAt: ended_at === null ? null : moment(ended_at),
});

const oneStatement = statement<RawListed>(
  'sampling_one',
  `select ${listedColumns} from samplings s join messages m on m.id = s.prompt_message_id where s.id = $1::uuid`,
);

export async function selectListed(db: Database, samplingId: string): Promise<Listed | null> {
  const [row] = await run(db, oneStatement, [samplingId]);
  return row ? listedRow(row) : null;
}

/** Each state has its own stretch of the index; the newest of each are merged. */
const listStatement = statement<RawListed>(
  'sampling_list',
  `select ${listedColumns}
   from unnest($2::text[]) as wanted(state) cross join lateral (
     select * from samplings where project_id = $1::uuid and state = wanted.state order by id desc limit $3::int
   ) s join messages m on m.id = s.prompt_message_id
   order by s.id desc limit $3::int`,
);

/** Samplings in any of these states, the newest first. */
export async function selectSamplings(
  db: Database,
  projectId: string,
  states: readonly SamplingState[],
  limit: number,
): Promise<Listed[]> {
  return (await run(db, listStatement, [projectId, states, limit])).map(listedRow);
}

const projectSumsStatement = statement<{ state: SamplingState; count: number }>(
  'sampling_sums',
  `select state, count(*)::int as count from samplings where project_id = $1::uuid group by state`,
);

/** How many samplings of a project are in which state. */
export async function projectSums(db: Database, projectId: string): Promise<Sums> {
  const sums = nothing();
  for (const { state, count } of await run(db, projectSumsStatement, [projectId])) sums[state] = count;
  return sums;
}

const sumsStatement = statement<{ batch_id: string; state: SamplingState; count: number }>(
  'sampling_batch_sums',
  `select batch.id as batch_id, listed.state, sum.count
   from unnest($1::uuid[]) as batch(id) cross join unnest(array['waiting', 'running', 'done', 'failed']) as listed(state)
   cross join lateral (
     select count(*)::int as count from samplings s where s.batch_id = batch.id and s.state = listed.state
   ) sum`,
);

export type Sums = Record<SamplingState, number>;
const nothing = (): Sums => ({ waiting: 0, running: 0, done: 0, failed: 0 });

/** How many samplings of each batch are in which state. */
export async function batchSums(db: Database, batchIds: readonly string[]): Promise<Map<string, Sums>> {
  const found = new Map(batchIds.map((id) => [id, nothing()]));
  for (const { batch_id, state, count } of await run(db, sumsStatement, [batchIds])) {
    const sums = found.get(batch_id);
    if (sums) sums[state] = count;
  }
  return found;
}
