import { and, eq, isNull } from 'drizzle-orm';
import type { Database } from '../db/database.ts';
import { rankings } from '../db/tables.ts';
import { submitting, submittingParameters as n } from '../tasks/queries/submit.ts';

export type RankingRow = typeof rankings.$inferSelect;

/** Ends the assignment and writes its ranking. Values: id, comparison, groups, shown, ratings, comment, all bad, rewrite. */
export const submitRanking = submitting(
  'submit_ranking',
  `ranked as (
     insert into rankings (id, project_id, comparison_id, trainer_id, assignment_id, groups, shown, ratings, comment,
       all_bad, rewrite, surplus, round_id, active_ms, created_at)
     select $${n + 1}::uuid, ended.project_id, $${n + 2}::uuid, ended.trainer_id, ended.id, $${n + 3}::jsonb, $${n + 4}::jsonb,
       $${n + 5}::jsonb, $${n + 6}::text, $${n + 7}::boolean, $${n + 8}::text, ended.state = 'surplus',
       (select p.round_id from projects p where p.id = ended.project_id), ended.active_ms, ended.at
     from ended
   )`,
);

/** The ranking that stands for an assignment, or null. */
export async function selectRanking(db: Database, assignmentId: string): Promise<RankingRow | null> {
  const [row] = await db
    .select()
    .from(rankings)
    .where(and(eq(rankings.assignmentId, assignmentId), isNull(rankings.withdrawnAt)));
  return row ?? null;
}
