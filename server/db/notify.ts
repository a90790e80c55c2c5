import { sql } from 'drizzle-orm';
import type { Database } from './database.ts';

/** NOTIFY: tells every process that listens on the channel, once the transaction is committed. */
export async function notify(db: Database, channel: string, payload: string): Promise<void> {
  await db.execute(sql`select pg_notify(${channel}, ${payload})`);
}

/** Throws where the database does not answer. */
export async function ping(db: Database): Promise<void> {
  await db.execute(sql`select 1`);
}
