import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { type Database, transaction } from './database.ts';

const folder = fileURLToPath(new URL('../../migrations', import.meta.url));

/** Any number, the same in every process: one at a time migrates. */
const lockNumber = 7_305_002;

/**
 * Brings the database up to the newest migration; says how many ran. Safe where several processes start at once. All of
 * them run in one transaction, so that a failing one leaves the database as it was.
 */
export function migrate(db: Database): Promise<number> {
  return transaction(db, async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(${lockNumber})`);
    await tx.execute(sql`create table if not exists migrations (created_at bigint primary key, hash text not null)`);
    const done = new Set(
      (await tx._.session.all<{ created_at: string | number }>(sql`select created_at from migrations`)).map((row) =>
        Number(row.created_at),
      ),
    );
    const missing = readMigrationFiles({ migrationsFolder: folder }).filter(
      ({ folderMillis }) => !done.has(folderMillis),
    );
    for (const { sql: statements, folderMillis, hash } of missing) {
      for (const statement of statements) await tx.execute(sql.raw(statement));
      await tx.execute(sql`insert into migrations values (${folderMillis}, ${hash})`);
    }
    return missing.length;
  });
}
