/*
 * `npm run bench`: what the server does on this machine, beside what the machine can do.
 *
 *   --only handing-out,pglite,transfer,releases,models,pages   parts of it
 *   --tasks N                                  instead of 1,000,000 open tasks
 *   --lines N                                  instead of 1,000,000 imported lines and released rows
 *
 * PostgreSQL is started with its usual durability. Driver, server and database share the machine's cores, in the runs of
 * pgbench (which take no server) as in those over HTTP.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { migrate } from '../../server/db/migrate.ts';
import { openDatabase, type OpenDatabase } from '../../server/db/open.ts';
import { startPostgres } from '../support/postgres.ts';
import { type ServerProcess, signInAdmin, startServer } from '../support/server.ts';
import { median, printTable, type Row, whole } from './figures.ts';
import { drive, type Field, limit, type Pace, prepare } from './handing-out.ts';
import { measureModels } from './models.ts';
import { measurePages } from './pages.ts';
import { measureReleases } from './releases.ts';
import { type Transfer, upload, writeComparisons } from './transfer.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: 'handing-out,pglite,transfer,releases,models,pages' },
    tasks: { type: 'string', default: '1000000' },
    lines: { type: 'string', default: '1000000' },
  },
});
const parts = new Set(values.only.split(','));
const taskCount = Number(values.tasks);
const lineCount = Number(values.lines);
/** Each measurement is taken so often, in turn with what it is compared with; the median counts. */
const rounds = 3;
const seconds = 8;
/** Lines of a first import, which is not measured. */
const warmUp = 50_000;

const rows: Row[] = [];
const folder = await mkdtemp(path.join(tmpdir(), 'duologue-bench-'));
const say = (text: string): void => console.error(`  ${text}`);
console.error(`${cpus().length} cores, ${cpus()[0]?.model ?? ''}`);

try {
  if (parts.has('handing-out') || parts.has('transfer') || parts.has('releases') || parts.has('models'))
    await onPostgres();
  if (parts.has('pglite')) await onPglite();
  if (parts.has('pages')) rows.push(...(await measurePages(folder)));
} finally {
  await rm(folder, { recursive: true, force: true });
}
printTable(rows);
process.exit(0);

async function onPostgres(): Promise<void> {
  const postgres = await startPostgres({ durable: true });
  const { binaries } = postgres;
  if (binaries === null) throw new Error('pgbench is missing: it comes with PostgreSQL; put its folder on PATH');
  const database = async (name: string): Promise<{ url: string; open: OpenDatabase }> => {
    const admin = new pg.Client({ connectionString: postgres.url });
    await admin.connect();
    await admin.query(`create database ${name}`);
    await admin.end();
    const url = new URL(postgres.url);
    url.pathname = `/${name}`;
    const open = await openDatabase({ url: url.href, dataDir: folder });
    await migrate(open.db);
    return { url: url.href, open };
  };
  const serverOn = (url: string): Promise<ServerProcess> => startServer({ DATABASE_URL: url, DATA_DIR: folder });

  if (parts.has('handing-out')) {
    const large = await database('large');
    say(`making ${whole(taskCount)} comparison tasks`);
    const many = await prepare(large.open.db, taskCount, 32);
    const small = await database('small');
    const few = await prepare(small.open.db, 10_000, 32);
    await vacuum(large.url);
    await vacuum(small.url);
    const servers = { large: await serverOn(large.url), small: await serverOn(small.url) };
    const of = { large: [] as Pace[], small: [] as Pace[], limits: [] as number[] };
    await drive(servers.large.url, many, 3);
    await drive(servers.small.url, few, 1);
    for (let round = 0; round < rounds; round += 1) {
      of.limits.push(await limit(large.url, binaries, many, seconds));
      of.large.push(await drive(servers.large.url, many, seconds));
      // Shorter, so that the 10,000 tasks do not run out.
      of.small.push(await drive(servers.small.url, few, 2));
      say(
        `round ${round + 1}: pgbench ${whole(of.limits.at(-1) ?? 0)}, HTTP ${told(of.large.at(-1))}; 10,000 tasks ${told(of.small.at(-1))}`,
      );
    }
    const ratio = median(of.large.map(({ pairs }, round) => pairs / (of.limits[round] ?? Number.NaN)));
    const p99 = median(of.large.map((pace) => pace.p99));
    const faster = median(of.small.map(({ pairs }, round) => pairs / (of.large[round]?.pairs ?? Number.NaN))) - 1;
    const pairs = whole(median(of.large.map((pace) => pace.pairs)));
    rows.push(
      {
        what: `claim + submit over HTTP, 32 trainers, ${whole(taskCount)} tasks`,
        measured: `${pairs} pairs/s, ${ratio.toFixed(2)} of pgbench's ${whole(median(of.limits))}`,
        target: 'at least 0.30',
        reached: ratio >= 0.3,
      },
      { what: 'p99 of a claim among them', measured: `${p99.toFixed(1)} ms`, target: 'under 40 ms', reached: p99 < 40 },
      {
        what: 'the same with 10,000 tasks',
        measured: `${(faster * 100).toFixed(0)} % faster`,
        target: 'at most 10 % faster',
        reached: faster <= 0.1,
      },
    );
    await Promise.all(Object.values(servers).map((server) => server.end('SIGTERM')));
    await Promise.all([large.open.close(), small.open.close()]);
  }
  if (parts.has('transfer')) {
    const { url, open } = await database('transfer');
    await transfer(() => serverOn(url));
    await open.close();
  }
  if (parts.has('releases')) {
    const { url, open } = await database('releases');
    const options = { db: open.db, url, binaries, rows: lineCount, say };
    rows.push(...(await measureReleases(() => serverOn(url), options)));
    await open.close();
  }
  if (parts.has('models')) {
    const { url, open } = await database('models');
    await open.close();
    rows.push(...(await measureModels(() => serverOn(url))));
  }
  await postgres.stop();
}

async function transfer(start: () => Promise<ServerProcess>): Promise<void> {
  const server = await start();
  const admin = await signInAdmin(server.url);
  const file = (count: number): string => path.join(folder, `${count}.jsonl`);
  for (const count of [10_000, warmUp, lineCount]) await writeComparisons(file(count), count);
  // By then the process has taken what it takes for a file of any size.
  await upload(server, admin, file(warmUp), warmUp);
  const few = await upload(server, admin, file(10_000), 10_000);
  const many = await upload(server, admin, file(lineCount), lineCount);
  compare('import', 'lines', 10_000, [10_000, lineCount], [few, many]);
  await server.end('SIGTERM');
}

/** Two rows: the pace of the larger transfer, and what memory it took beside the smaller one. */
function compare(
  what: string,
  unit: string,
  pace: number,
  [few, many]: [number, number],
  [small, large]: [Transfer, Transfer],
): void {
  say(`${what}: ${whole(few)} at ${whole(small.perSecond)}/s, ${whole(many)} at ${whole(large.perSecond)}/s`);
  rows.push(
    {
      what: `${what}, ${whole(many)} ${unit}`,
      measured: `${whole(large.perSecond)} ${unit}/s`,
      target: `${whole(pace)} ${unit}/s`,
      reached: large.perSecond >= pace,
    },
    {
      what: `memory of it, and with ${whole(few)} ${unit}`,
      measured: `${whole(large.peakMb)} MB and ${whole(small.peakMb)} MB`,
      target: 'flat (80 MB more at most)',
      reached: large.peakMb <= small.peakMb + 80,
    },
  );
}

/** Eight trainers on the embedded engine. */
async function onPglite(): Promise<void> {
  const dataDir = path.join(folder, 'pglite-data');
  const embedded = await openDatabase({ url: null, dataDir });
  await migrate(embedded.db);
  const field: Field = await prepare(embedded.db, 10_000, 8);
  await embedded.close();
  const server = await startServer({ DATA_DIR: dataDir });
  await drive(server.url, field, 2);
  const paces: Pace[] = [];
  for (let round = 0; round < rounds; round += 1) paces.push(await drive(server.url, field, 4));
  await server.end('SIGTERM');
  const pairs = median(paces.map((pace) => pace.pairs));
  rows.push({
    what: 'claim + submit over HTTP on PGlite, 8 trainers',
    measured: `${whole(pairs)} pairs/s`,
    target: '200 pairs/s',
    reached: pairs >= 200,
  });
}

/**
 * Settles what making the tasks left behind, so that it is not done while measuring. Tables that are still empty are left
 * alone: their statistics are missing on a new database, and what the server does then is to be measured too.
 */
async function vacuum(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('vacuum analyze conversations, messages, comparisons, tasks');
  await client.query('checkpoint');
  await client.end();
}

function told(pace: Pace | undefined): string {
  return pace ? `${whole(pace.pairs)} pairs/s, claim p50 ${pace.p50.toFixed(1)} ms, p99 ${pace.p99.toFixed(1)} ms` : '';
}
