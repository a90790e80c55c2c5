import { asc, eq } from 'drizzle-orm';
import { type Database, run, statement } from '../../db/database.ts';
import { benchmarks } from '../../db/tables.ts';

export type BenchmarkRow = typeof benchmarks.$inferSelect;

export async function insertBenchmark(tx: Database, row: BenchmarkRow): Promise<void> {
  await tx.insert(benchmarks).values(row);
}

const insertGramsStatement = statement(
  'benchmark_grams_insert',
  'insert into benchmark_grams (benchmark_id, gram) select $1::uuid, * from unnest($2::bigint[])',
);

export async function insertGrams(tx: Database, benchmarkId: string, grams: readonly bigint[]): Promise<void> {
  await run(tx, insertGramsStatement, [benchmarkId, grams.map(String)]);
}

/** In the order in which they were uploaded. */
export async function selectBenchmarks(db: Database): Promise<BenchmarkRow[]> {
  return db.select().from(benchmarks).orderBy(asc(benchmarks.id));
}

/** Removes a list with its grams; its name, or null where there is none. */
export async function deleteBenchmark(tx: Database, benchmarkId: string): Promise<string | null> {
  const [row] = await tx.delete(benchmarks).where(eq(benchmarks.id, benchmarkId)).returning({ name: benchmarks.name });
  return row?.name ?? null;
}

const gramsStatement = statement<{ gram: string }>(
  'benchmark_grams_page',
  `select g.gram::text as gram from benchmark_grams g
   where g.benchmark_id = $1::uuid and g.gram >= $2::bigint order by g.gram limit $3::int`,
);

/** Before every gram. */
export const leastGram = -(2n ** 63n);
const greatestGram = 2n ** 63n - 1n;

/** Grams of a list from `from` on, in their order, and from where to go on; null at the end. */
export async function selectGrams(
  db: Database,
  benchmarkId: string,
  from: bigint,
  limit: number,
): Promise<{ grams: bigint[]; next: bigint | null }> {
  const rows = await run(db, gramsStatement, [benchmarkId, String(from), limit]);
  const grams = rows.map(({ gram }) => BigInt(gram));
  const last = grams.at(-1);
  return { grams, next: last === undefined || last === greatestGram || grams.length < limit ? null : last + 1n };
}
