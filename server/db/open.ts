import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Db as JobDatabase } from 'pg-boss';
import { type Database, keepPlans } from './database.ts';
import * as tables from './tables.ts';

export interface OpenDatabase {
  readonly db: Database;
  readonly engine: 'pglite' | 'postgres';
  /** By which pg-boss reaches it; on PostgreSQL it has connections of its own. */
  readonly jobStore: { connectionString: string; max: number } | { db: JobDatabase; backend: 'pglite' };
  /** Calls back with the payload of each NOTIFY on the channel, from any process. */
  listen(channel: string, onPayload: (payload: string) => void): Promise<void>;
  close(): Promise<void>;
}

/** Connections that one process keeps to PostgreSQL; a server with two cores gains nothing from more. */
const poolSize = 16;
/** Those of its background work. */
const jobConnections = 4;
/**
 * How long a request waits for a connection, in milliseconds, before it is told that the database is away. Where hundreds ask
 * at the same moment, all are used for seconds, and nobody is to be turned away for that.
 */
const connectWithin = 12_000;
/** How long an unused connection is kept, in milliseconds: a new one has to plan every statement anew. */
const idleWithin = 10 * 60_000;
/** Pause between attempts to listen again, in milliseconds. */
const reconnectEvery = 1_000;

/**
 * Every statement of the server finds its rows by an index. A plan made while a table is small would scan it, is kept with
 * the prepared statement, and costs more with each row until statistics are gathered anew, so scans are priced out.
 * Where one cannot be avoided it still runs; compiling it, which its price would bring about, would take longer than it.
 */
export const sessionSettings = {
  enable_seqscan: 'off',
  jit: 'off',
  standard_conforming_strings: 'on',
  datestyle: 'ISO',
  timezone: 'UTC',
} as const;

const setSession = Object.entries(sessionSettings)
  .map(([name, value]) => `set ${name} = ${value}`)
  .join('; ');

/** Opens PostgreSQL at `url`, or without one the embedded engine in `dataDir`. */
export function openDatabase(options: { url: string | null; dataDir: string }): Promise<OpenDatabase> {
  return options.url === null ? openEmbedded(options.dataDir) : openPostgres(options.url);
}

async function openPostgres(url: string): Promise<OpenDatabase> {
  const { default: pg } = await import('pg');
  const { drizzle } = await import('drizzle-orm/node-postgres');
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    application_name: 'duologue',
    connectionTimeoutMillis: connectWithin,
    idleTimeoutMillis: idleWithin,
    keepAlive: true,
    // The types say void; the pool waits for the promise, and gives nobody a connection on which this failed.
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- see above
    onConnect: (connection) => connection.query(setSession),
  });
  // A connection may break while it is idle or in the midst of a transaction; it is replaced at the next use. An error that
  // nobody listens to would end the process.
  pool.on('error', () => {});
  pool.on('connect', (connection) => connection.on('error', () => {}));

  const listeners = new Map<string, (payload: string) => void>();
  let listener: InstanceType<typeof pg.Client> | null = null;
  const life = { closing: false };

  /** Listens on every channel asked for, on one connection, which is made anew whenever it breaks. */
  const connectListener = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: url, application_name: 'duologue listen', keepAlive: true });
    client.on('notification', ({ channel, payload }) => listeners.get(channel)?.(payload ?? ''));
    client.on('error', () => {});
    await client.connect();
    for (const channel of listeners.keys()) await client.query(`LISTEN "${channel}"`);
    client.once('end', () => void reconnect());
    listener = client;
  };
  const reconnect = async (): Promise<void> => {
    listener = null;
    for (let connected = false; !connected;) {
      await sleep(reconnectEvery, undefined, { ref: false });
      if (life.closing) return;
      connected = await connectListener().then(
        () => true,
        () => false,
      );
    }
  };

  return {
    db: drizzle(pool, { schema: tables }),
    engine: 'postgres',
    jobStore: { connectionString: url, max: jobConnections },
    async listen(channel, onPayload) {
      listeners.set(channel, onPayload);
      if (listener === null) await connectListener();
      else await listener.query(`LISTEN "${channel}"`);
    },
    async close() {
      life.closing = true;
      await Promise.all([listener?.end(), pool.end()]);
    },
  };
}

async function openEmbedded(dataDir: string): Promise<OpenDatabase> {
  const unlock = lockFolder(dataDir);
  try {
    const { PGlite } = await import('@electric-sql/pglite');
    const { EmbeddedPlans } = await import('./embedded-plans.ts');
    const { drizzle } = await import('drizzle-orm/pglite');
    const { fromPglite } = await import('pg-boss');
    const client = await PGlite.create(path.join(dataDir, 'pglite'));
    await client.exec(setSession);
    const db: Database = drizzle(client, { schema: tables });
    keepPlans(db, new EmbeddedPlans(client));
    return {
      db,
      engine: 'pglite',
      jobStore: { db: fromPglite(client), backend: 'pglite' },
      async listen(channel, onPayload) {
        await client.listen(channel, onPayload);
      },
      async close() {
        await client.close();
        unlock();
      },
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** Another process has the data folder open. The message is for a person at a console. */
export class FolderInUse extends Error {
  override readonly name = 'FolderInUse';
}

/**
 * Claims a data folder for this process: two PGlite on one folder destroy it. The lock is a file with the process's number
 * and when that process started, so that neither a crash nor a number used again leaves the folder locked.
 */
function lockFolder(dataDir: string): () => void {
  mkdirSync(dataDir, { recursive: true });
  const file = path.join(dataDir, 'lock');
  const mine = `${process.pid} ${startOf(process.pid)}\n`;
  for (;;) {
    try {
      writeWhole(file, mine);
      return () => rmSync(file, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const [holder = '', started = ''] = readFileSync(file, 'utf8').trim().split(' ');
    const pid = Number(holder);
    if (pid > 0 && pid !== process.pid && isRunning(pid) && startOf(pid) === started)
      throw new FolderInUse(
        `The data folder ${path.resolve(dataDir)} is in use by process ${pid}. Stop that one, or give this one another DATA_DIR.`,
      );
    rmSync(file, { force: true });
  }
}

/** Writes a new file that nobody ever sees half written. Throws EEXIST where there is one of that name. */
export function writeWhole(file: string, content: string): void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } finally {
    rmSync(draft);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** When a process started, in the system's own ticks; empty where the system does not tell. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in brackets and may hold blanks; starttime is the 20th after it.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
