import { desc, eq } from 'drizzle-orm';
import { type Database, run, statement } from '../db/database.ts';
import { models, projects, rounds } from '../db/tables.ts';
import type { ModelRow } from '../models/queries.ts';

export type RoundRow = typeof rounds.$inferSelect;

/** The round that runs in a project, with its policy model; null before the first. */
export async function selectCurrent(
  db: Database,
  projectId: string,
): Promise<{ round: RoundRow; policyModel: ModelRow } | null> {
  const [row] = await db
    .select({ round: rounds, policyModel: models })
    .from(projects)
    .innerJoin(rounds, eq(rounds.id, projects.roundId))
    .innerJoin(models, eq(models.id, rounds.policyModelId))
    .where(eq(projects.id, projectId));
  return row ?? null;
}

/** The latest rounds, the newest first. */
export async function selectRounds(db: Database, projectId: string, limit: number): Promise<RoundRow[]> {
  return db.select().from(rounds).where(eq(rounds.projectId, projectId)).orderBy(desc(rounds.number)).limit(limit);
}

/** Ends the running round and begins the next. The caller holds the lock of the project, so that no number is taken twice. */
export async function insertNext(
  tx: Database,
  row: Pick<RoundRow, 'id' | 'projectId' | 'name' | 'policyModelId' | 'mix' | 'kinds' | 'startedAt'>,
): Promise<RoundRow> {
  const [last] = await selectRounds(tx, row.projectId, 1);
  if (last) await tx.update(rounds).set({ endedAt: row.startedAt }).where(eq(rounds.id, last.id));
  const [inserted] = await tx
    .insert(rounds)
    .values({ ...row, number: (last?.number ?? 0) + 1 })
    .returning();
  if (!inserted) throw new Error('insert returned nothing');
  await tx.update(projects).set({ roundId: inserted.id }).where(eq(projects.id, row.projectId));
  return inserted;
}

export interface Sums {
  demonstrations: number;
  chats: number;
  comparisons: number;
  rankings: number;
}

const sumsStatement = statement<Sums & { round_id: string }>(
  'round_sums',
  `select listed.id as round_id,
     (select count(*) from conversations c
      where c.round_id = listed.id and c.kind = 'demonstration' and c.withdrawn_at is null and not c.surplus)::int as demonstrations,
     (select count(*) from conversations c join assignments a on a.id = c.assignment_id
      where c.round_id = listed.id and c.kind = 'chat' and a.state = 'submitted')::int as chats,
     (select count(*) from comparisons c where c.round_id = listed.id)::int as comparisons,
     (select count(*) from rankings r
      where r.round_id = listed.id and r.withdrawn_at is null and not r.surplus)::int as rankings
   from unnest($1::uuid[]) as listed(id)`,
);

/** What was collected in each of these rounds. */
export async function selectSums(db: Database, roundIds: readonly string[]): Promise<Map<string, Sums>> {
  const rows = await run(db, sumsStatement, [roundIds]);
  return new Map(rows.map(({ round_id, ...sums }) => [round_id, sums]));
}

export interface Preference {
  /** Models by name; `a` comes first in the alphabet. */
  a: string;
  b: string;
  aBetter: number;
  tied: number;
  bBetter: number;
}

/**
 * Equal rankings of completions by the same models in the same order are counted together first, for there are few; only
 * those are then taken apart into pairs. What reading costs is finding the models of each ranking's completions.
 */
const preferencesStatement = statement<{
  round_id: string;
  a: string;
  b: string;
  a_better: string;
  tied: string;
  b_better: string;
}>(
  'round_preferences',
  `with counted as materialized (
     select r.round_id, written.models, r.groups, count(*) as times
     from rankings r join comparisons c on c.id = r.comparison_id
     cross join lateral (
       select array_agg(m.model order by array_position(c.completion_ids, m.id)) as models
       from messages m where m.id = any(c.completion_ids)
     ) written
     where r.round_id = any($1::uuid[]) and r.withdrawn_at is null and not r.surplus
     group by r.round_id, written.models, r.groups
   ), numbered as (
     select row_number() over () as n, * from counted
   ), placed as materialized (
     select n, round_id, times, place, models[index::int + 1] collate "C" as model
     from numbered, jsonb_array_elements(groups) with ordinality as ranked(members, place), jsonb_array_elements_text(members) as index
   )
   select x.round_id, x.model as a, y.model as b,
     coalesce(sum(x.times) filter (where x.place < y.place), 0)::text as a_better,
     coalesce(sum(x.times) filter (where x.place = y.place), 0)::text as tied,
     coalesce(sum(x.times) filter (where x.place > y.place), 0)::text as b_better
   from placed x join placed y on y.n = x.n and x.model < y.model
   group by x.round_id, x.model, y.model order by x.model, y.model`,
);

/** Who was preferred how often in each of these rounds: pairs of completions of two models, over all standing rankings. */
export async function selectPreferences(db: Database, roundIds: readonly string[]): Promise<Map<string, Preference[]>> {
  const rows = await run(db, preferencesStatement, [roundIds]);
  const found = new Map<string, Preference[]>(roundIds.map((id) => [id, []]));
  for (const { round_id, a, b, ...counts } of rows)
    found.get(round_id)?.push({
      a,
      b,
      aBetter: Number(counts.a_better),
      tied: Number(counts.tied),
      bBetter: Number(counts.b_better),
    });
  return found;
}
