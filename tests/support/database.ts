import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pg from 'pg';
import { migrate } from '../../server/db/migrate.ts';
import { openDatabase, type OpenDatabase } from '../../server/db/open.ts';
import { embeddedFolder } from './embedded.ts';

export type Engine = 'pglite' | 'postgres';

/** The engine that this run of the tests is for. */
export const engine: Engine = process.env.TEST_ENGINE === 'postgres' ? 'postgres' : 'pglite';

/** A fresh database, migrated unless told otherwise. `url` opens it from other processes; null on PGlite, which has room for one. */
export interface TestDatabase extends OpenDatabase {
  readonly url: string | null;
  /** Closes the database and removes it. */
  drop(): Promise<void>;
}

export async function freshDatabase({ migrated = true } = {}): Promise<TestDatabase> {
  if (engine === 'postgres') return freshPostgres(migrated);
  const prefix = 'duologue-test-';
  const dataDir = migrated ? await embeddedFolder(prefix) : await mkdtemp(path.join(tmpdir(), prefix));
  const database = await openDatabase({ url: null, dataDir });
  return {
    ...database,
    url: null,
    async drop() {
      await database.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

async function freshPostgres(migrated: boolean): Promise<TestDatabase> {
  const server = process.env.TEST_DATABASE_URL;
  if (!server) throw new Error('TEST_DATABASE_URL names no server; "npm test" starts one and sets it');
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  const name = `duologue_${randomBytes(6).toString('hex')}`;
  await admin.query(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const database = await openDatabase({ url: url.href, dataDir: '' });
  if (migrated) await migrate(database.db);
  return {
    ...database,
    url: url.href,
    async drop() {
      await database.close();
      await admin.query(`drop database ${name} with (force)`);
      await admin.end();
    },
  };
}
