import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { migrate } from '../../server/db/migrate.ts';
import { openDatabase } from '../../server/db/open.ts';
import { createProject } from '../../server/projects/projects.ts';
import { newProject } from '../../shared/projects.ts';
import { cancelRelease, createRelease, readRelease, type Release, type ReleaseFile } from '../../shared/releases.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { seedComparisons } from '../support/seed.ts';
import { callAt, type Headers, type ServerProcess, signInAdmin, startServer } from '../support/server.ts';

/*
 * The process that builds a release is killed in the midst of it. Whoever is there next goes on, and the files are those that
 * would have come without that. On both engines: on PGlite the next start, on PostgreSQL any process.
 */

const rankings = 6_000;
let database: TestDatabase | null = null;
let dataDir: string;
let projectId: string;
let server: ServerProcess;
let admin: Headers;

const launch = (): Promise<ServerProcess> =>
  startServer(database?.url ? { DATABASE_URL: database.url, DATA_DIR: dataDir } : { DATA_DIR: dataDir });

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'duologue-release-'));
  if (process.env.TEST_ENGINE === 'postgres') database = await freshDatabase();
  const own = database ?? (await openDatabase({ url: null, dataDir }));
  await migrate(own.db);
  projectId = (await createProject(own.db, null, newProject.parse({ name: 'Much' }))).id;
  await seedComparisons(own.db, projectId, rankings);
  await own.db.execute(sql`
    insert into rankings (id, project_id, comparison_id, groups)
    select gen_random_uuid(), ${projectId}, id, '[[2],[0],[3],[1]]' from comparisons where project_id = ${projectId}`);
  if (database === null) await own.close();
  server = await launch();
  admin = await signInAdmin(server.url);
}, 120_000);
afterAll(async () => {
  await server.end('SIGKILL');
  await database?.drop();
  await rm(dataDir, { recursive: true, force: true });
});

const begin = async (): Promise<string> => {
  const definition = {
    ...{ kind: 'comparisons' as const, format: 'trl' as const, compression: 'gzip' as const, shardMegabytes: 1 },
    split: { train: 70, validation: 15, test: 15 },
  };
  return (await callAt(server.url, createRelease, { params: { projectId }, body: { definition } }, admin)).release.id;
};
const read = (releaseId: string): Promise<{ release: Release; files: ReleaseFile[] }> =>
  callAt(server.url, readRelease, { params: { releaseId } }, admin);
async function until(releaseId: string, passes: (release: Release) => boolean | Promise<boolean>) {
  for (;;) {
    const found = await read(releaseId);
    if (await passes(found.release)) return found;
    await sleep(50);
  }
}
/** Begins one, and waits until it writes rows. */
async function beginWriting(): Promise<string> {
  const releaseId = await begin();
  await until(releaseId, ({ progress }) => progress?.step === 'Writing rows');
  return releaseId;
}
const ended = (releaseId: string) => until(releaseId, ({ state }) => state !== 'waiting' && state !== 'building');
const folders = (): Promise<string[]> => readdir(path.join(dataDir, 'releases')).catch(() => []);
const dataOf = (files: readonly ReleaseFile[]) =>
  files.filter(({ rows }) => rows !== null).map(({ name, rows, sha256 }) => ({ name, rows, sha256 }));

it('is gone on with after a crash, and ends as it would have', { timeout: 180_000 }, async () => {
  const releaseId = await begin();
  const completed = async (): Promise<number> =>
    (await readdir(path.join(dataDir, 'releases', `.building-${releaseId}`, 'data')).catch(() => [])).filter((name) =>
      name.endsWith('.done.json'),
    ).length;
  await until(releaseId, async ({ state }) => {
    expect(['waiting', 'building']).toContain(state);
    return (await completed()) >= 2;
  });
  await server.end('SIGKILL');
  expect(await folders()).toEqual([`.building-${releaseId}`]);
  server = await launch();
  const crashed = await ended(releaseId);
  expect(crashed.release).toMatchObject({ state: 'ready', rows: 6 * rankings, detail: null });
  const whole = await until(await begin(), ({ state }) => state === 'ready');
  expect(dataOf(crashed.files)).toEqual(dataOf(whole.files));
  expect(dataOf(whole.files).length).toBeGreaterThan(3);
  expect((await folders()).filter((name) => name.startsWith('.'))).toEqual([]);
});

/** On PGlite the server itself builds, with its one connection. Which process it is, Linux tells. */
const buildsApart = process.env.TEST_ENGINE === 'postgres' && process.platform === 'linux';

async function builderOf({ child: { pid = 0 } }: ServerProcess): Promise<number> {
  const [builder = 0] = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').map(Number);
  expect(builder).toBeGreaterThan(0);
  return builder;
}

it.runIf(buildsApart)('is built all the same where only its own process dies', { timeout: 60_000 }, async () => {
  const releaseId = await beginWriting();
  process.kill(await builderOf(server), 'SIGKILL');
  const { release } = await ended(releaseId);
  expect(release).toMatchObject({ state: 'ready', rows: 6 * rankings, detail: null });
  expect(server.output()).toContain('the process that built a release ended with SIGKILL');
  expect(server.child.exitCode).toBeNull();
});

it.runIf(buildsApart)('leaves no process behind where the server dies', { timeout: 60_000 }, async () => {
  const releaseId = await beginWriting();
  const builder = await builderOf(server);
  await server.end('SIGKILL');
  // Of one that has ended, and that nobody has asked for yet, it is empty.
  await expect.poll(() => readFile(`/proc/${builder}/cmdline`, 'utf8').catch(() => '')).toBe('');
  // It did not go on to the end by itself.
  expect(await folders()).toContain(`.building-${releaseId}`);
  server = await launch();
  const { release } = await ended(releaseId);
  expect(release).toMatchObject({ state: 'ready', rows: 6 * rankings });
});

it('is handed over where the server is told to stop', { timeout: 60_000 }, async () => {
  const releaseId = await beginWriting();
  expect(await server.end('SIGTERM')).toBe(0);
  expect(server.output()).not.toMatch(/building a release failed|background work failed/);
  expect(await folders()).toContain(`.building-${releaseId}`);
  server = await launch();
  const { release } = await ended(releaseId);
  expect(release).toMatchObject({ state: 'ready', rows: 6 * rankings });
});

it('leaves nothing when it is cancelled', { timeout: 60_000 }, async () => {
  const before = await folders();
  const releaseId = await begin();
  await until(releaseId, ({ progress }) => (progress?.rows ?? 0) > 0 || progress?.step === 'Writing rows');
  await callAt(server.url, cancelRelease, { params: { releaseId } }, admin);
  expect((await read(releaseId)).release).toMatchObject({ state: 'cancelled', progress: null });
  await expect.poll(folders, { timeout: 20_000 }).toEqual(before);
});
