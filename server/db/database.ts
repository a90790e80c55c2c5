import type { PgDatabase, PgQueryResultHKT } from 'drizzle-orm/pg-core';
import type * as tables from './tables.ts';

/**
 * A database or a transaction on it, on either engine. Inside a transaction only the transaction is touched: PGlite has one
 * connection, and a query on the outer one would wait for ever.
 */
export type Database = PgDatabase<PgQueryResultHKT, typeof tables>;

/** Runs `work` in one transaction; it is rolled back if `work` throws. */
export function transaction<T>(db: Database, work: (tx: Database) => Promise<T>): Promise<T> {
  return db.transaction(work);
}

/**
 * A statement that runs often. `text` takes `$1` and so on; on PostgreSQL it is planned once per connection. It is kept as
 * text, so that the benchmark can give the very same statement to pgbench.
 */
export interface Statement<Row> {
  readonly name: string;
  readonly text: string;
  /** Only carries the type. */
  readonly row?: Row;
}

export function statement<Row>(name: string, text: string): Statement<Row> {
  return { name, text };
}

/** Runs a prepared statement. Moments come back as PostgreSQL prints them: see `moment`. */
export async function run<Row>(
  db: Database,
  { name, text }: Statement<Row>,
  params: readonly unknown[],
): Promise<Row[]> {
  const kept = keptPlans.get(db);
  if (kept) return kept.run<Row>(name, text, params);
  const prepared = db._.session.prepareQuery<{ execute: { rows: Row[] }; all: unknown; values: unknown }>(
    { sql: text, params: [...params] },
    undefined,
    name,
    false,
  );
  return (await prepared.execute()).rows;
}

/** A way to run statements by name that the driver itself does not have. */
export interface KeptPlans {
  run<Row>(name: string, text: string, params: readonly unknown[]): Promise<Row[]>;
}

/** By database; transactions are not in it and run their statements as they come. */
const keptPlans = new WeakMap<Database, KeptPlans>();

export function keepPlans(db: Database, plans: KeptPlans): void {
  keptPlans.set(db, plans);
}

/** A moment as PostgreSQL prints it (`2026-11-20 07:34:55.123+00`). */
export function moment(text: string): Date {
  return new Date(text);
}
