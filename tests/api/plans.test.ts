import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { submitRanking } from '../../server/comparisons/queries.ts';
import { type Database, transaction } from '../../server/db/database.ts';
import { submitDemonstration } from '../../server/demonstrations/queries.ts';
import { beginStatement } from '../../server/samplings/queries/sampling.ts';
import { standingStatement } from '../../server/tasks/queries/assignment.ts';
import { claimStatement } from '../../server/tasks/queries/claim.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

/*
 * A server plans its statements when they first run, which may be on an empty database, and keeps the plans while the tables
 * grow. So a plan made for nothing must be one that stays cheap: assignments are found by their id, by task and trainer, or
 * among what a trainer has begun; never by a trainer's whole history, nor by all running leases. Suggestions are found by
 * their assignment, verdicts by their message.
 */

interface Node {
  'Relation Name'?: string;
  'Index Name'?: string;
  'Index Cond'?: string;
  'Node Type': string;
  Plans?: Node[];
}

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

const within = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(within)];

/** Tables of which a part is looked through. */
const growing = new Set(['assignments', 'generations', 'samplings', 'verdicts']);

async function scansIn(db: Database, text: string): Promise<string[]> {
  const parameters = new Set(text.match(/\$\d+/g)).size;
  const nothing = Array.from({ length: parameters }, () => 'null').join(', ');
  const [row] = await transaction(db, async (tx) => {
    await tx.execute(sql.raw('set local plan_cache_mode = force_generic_plan'));
    await tx.execute(sql.raw(`prepare planned as ${text}`));
    const { rows } = (await tx.execute(sql.raw(`explain (format json) execute planned(${nothing})`))) as {
      rows: { 'QUERY PLAN': { Plan: Node }[] }[];
    };
    await tx.execute(sql.raw('deallocate planned'));
    return rows;
  });
  const plan = row?.['QUERY PLAN'][0]?.Plan;
  return (
    (plan === undefined ? [] : within(plan))
      .filter((node) => growing.has(node['Relation Name'] ?? '') && node['Node Type'] !== 'ModifyTable')
      // A bitmap of a table is looked up in an index below it.
      .map((node) => (node['Node Type'] === 'Bitmap Heap Scan' ? (node.Plans?.[0] ?? node) : node))
      .map((node) => `${node['Index Name']}: ${node['Index Cond']?.replace(/[a-z_0-9]+\.|\$\d+/g, '_')}`)
  );
}

describe('on an empty database', () => {
  it.each([
    ['a claim', claimStatement.text],
    ['what a submission is checked against', standingStatement.text],
    ['a submitted ranking', submitRanking.text],
    ['a submitted demonstration', submitDemonstration.text],
    ['a sampling that begins', beginStatement.text],
  ])('%s is planned so that its cost will not grow', async (_what, text) => {
    const scans = await scansIn(database.db, text);
    expect(scans.length).toBeGreaterThan(0);
    for (const scan of scans)
      expect(scan).toMatch(
        /^assignments_pkey: \(id = |^assignments_once: \(\(task_id = .*trainer_id = |^assignments_begun: \(\(trainer_id = .*project_id = |^generations_pkey: \(id = |^generations_assignment: \(assignment_id = |^verdicts_message: \(message_id = |^generations_group: \(group_id = |^samplings_pkey: \(id = /,
      );
  });
});
