import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type { Database } from './database.ts';

/** NOTIFY: tells every process that listens on the channel, once the transaction is committed. */
export async function notify(db: Database, channel: string, payload: string): Promise<void> {
  await db.execute(sql`select pg_notify(${channel}, ${payload})`);
}

/** The same for each of these payloads, in one statement. */
export async function notifyAll(db: Database, channel: string, payloads: readonly string[]): Promise<void> {
  if (payloads.length === 0) return;
  await db.execute(
    sql`select pg_notify(${channel}, payload) from json_array_elements_text(${JSON.stringify(payloads)}) payload`,
  );
}

/** How long a database that answers at all takes at most, in milliseconds. */
const pingWithin = 2_000;

/** Throws where the database does not answer, or not in time. */
export async function ping(db: Database): Promise<void> {
  const late = new AbortController();
  const silence = sleep(pingWithin, undefined, { signal: late.signal }).then(() => {
    throw new Error('the database does not answer in time');
  });
  silence.catch(() => undefined);
  try {
    await Promise.race([db.execute(sql`select 1`), silence]);
  } finally {
    late.abort();
  }
}
