import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { createHash, randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { submitRanking } from '../../server/comparisons/queries.ts';
import { createProject } from '../../server/projects/projects.ts';
import type { Database } from '../../server/db/database.ts';
import { sessionSettings } from '../../server/db/open.ts';
import { claimStatement } from '../../server/tasks/queries/claim.ts';
import { standingStatement } from '../../server/tasks/queries/assignment.ts';
import { newProject } from '../../shared/projects.ts';
import { seedComparisons } from '../support/seed.ts';
import { Connection } from './driver.ts';
import { quantile } from './figures.ts';

const run = promisify(execFile);

/** Places per task: usual, and enough of them for 10,000 tasks to last through a run. */
const overlap = 3;

export interface Field {
  projectId: string;
  /** A session cookie each. */
  cookies: string[];
}

const trainerId = (n: number): string => `00000000-0000-7000-8000-${String(n).padStart(12, '0')}`;

/** A project with so many open tasks, and signed-in trainers. Sessions are written as the server stores them. */
export async function prepare(db: Database, tasks: number, trainers: number): Promise<Field> {
  const { id: projectId } = await createProject(
    db,
    null,
    newProject.parse({ name: 'Bench', overlap: { comparison: overlap } }),
  );
  await seedComparisons(db, projectId, tasks, { overlap });
  const cookies: string[] = [];
  for (let n = 0; n < trainers; n += 1) {
    const id = trainerId(n);
    const session = randomBytes(25).toString('base64url');
    const hash = createHash('sha256').update(session).digest('hex');
    await db.execute(
      sql`insert into users (id, name, email, role) values (${id}, ${`trainer ${n}`}, ${`t${n}@example.org`}, 'trainer')`,
    );
    await db.execute(sql`insert into members values (${projectId}, ${id})`);
    await db.execute(sql`insert into sessions values (${hash}, ${id}, now() + interval '20 days')`);
    cookies.push(`session=${session}`);
  }
  return { projectId, cookies };
}

export interface Pace {
  /** Claim and submit, per second. */
  pairs: number;
  /** Of a claim, in milliseconds. */
  p50: number;
  p99: number;
}

/** Trainers who claim and submit over HTTP without a pause, for so many seconds. */
export async function drive(url: string, { projectId, cookies }: Field, seconds: number): Promise<Pace> {
  const claims: number[] = [];
  let pairs = 0;
  const start = performance.now();
  const end = start + seconds * 1000;
  await Promise.all(
    cookies.map(async (cookie) => {
      const connection = await Connection.open(url, { cookie });
      while (performance.now() < end) {
        const before = performance.now();
        const claimed = await connection.request(
          'POST',
          `/api/projects/${projectId}/claim`,
          '{"kinds":["comparison"]}',
        );
        claims.push(performance.now() - before);
        if (claimed.status !== 200) throw new Error(`a claim was answered ${claimed.status} ${claimed.body}`);
        const id = /"id":"([0-9a-f-]{36})"/.exec(claimed.body)?.[1] ?? '';
        const submitted = await connection.request(
          'POST',
          `/api/assignments/${id}/submit`,
          '{"ranking":[["B"],["A","C"],["D"]]}',
        );
        if (submitted.status !== 200)
          throw new Error(`a submission was answered ${submitted.status} ${submitted.body}`);
        pairs += 1;
      }
      connection.close();
    }),
  );
  return {
    pairs: pairs / ((performance.now() - start) / 1000),
    p50: quantile(claims, 0.5),
    p99: quantile(claims, 0.99),
  };
}

/** The server's own statements, with pgbench's variables in the place of the parameters. */
function script(projectId: string): string {
  const fill = (text: string, values: readonly string[]): string =>
    text.replace(/\$(\d+)/g, (_, n: string) => values[Number(n) - 1] ?? `$${n}`).replaceAll('\n', ' ');
  const trainer = `('00000000-0000-7000-8000-' || lpad((:client_id)::text, 12, '0'))`;
  const now = 'now()';
  const claim = fill(claimStatement.text, [
    `'${projectId}'`,
    trainer,
    'false',
    now,
    'gen_random_uuid()',
    ':start',
    `array['comparison', 'comparison']`,
    `array[:start, 0]`,
    `array[2147483647, :start]`,
    `'{}'`,
    'false',
  ]);
  const standing = fill(standingStatement.text, [':id', trainer]);
  const submit = fill(submitRanking.text, [
    ':id',
    trainer,
    now,
    `'d5c0e3e4a9d0c1f6b7a8e9d0c1b2a3f4e5d6c7b8a9f0e1d2c3b4a5f6e7d8c9b0'`,
    '1000',
    ':slot',
    'gen_random_uuid()',
    ':comparison_id',
    `'[[1],[0,2],[3]]'`,
    `'[0,1,2,3]'`,
    'null',
    'null',
    'false',
    'null',
  ]);
  return [
    '\\set start random(0, 2147483646)',
    '\\set slot random(0, 15)',
    `${claim} \\gset`,
    `${standing} \\gset`,
    `${submit};`,
    '',
  ].join('\n');
}

const settings = Object.entries(sessionSettings)
  .map(([name, value]) => `-c ${name}=${value}`)
  .join(' ');

/** What this machine can do: the same statements, from C, without a server in between. Pairs per second. */
export async function limit(
  databaseUrl: string,
  binaries: string,
  { projectId, cookies }: Field,
  seconds: number,
): Promise<number> {
  const folder = await mkdtemp(path.join(tmpdir(), 'duologue-pgbench-'));
  try {
    const file = path.join(folder, 'pair.sql');
    await writeFile(file, script(projectId));
    const { stdout, stderr } = await run(
      path.join(binaries, 'pgbench'),
      ['-n', '-M', 'prepared', '-c', String(cookies.length), '-j', '2', '-T', String(seconds), '-f', file, databaseUrl],
      { env: { ...process.env, LC_ALL: 'C', PGOPTIONS: settings } },
    ).catch((error: unknown) => {
      throw new Error(`pgbench failed: ${String(error).slice(0, 1_000)}`);
    });
    const tps = Number(/^tps = ([\d.]+)/m.exec(stdout)?.[1]);
    if (!(tps > 0) || /aborted/.test(stderr)) throw new Error(`pgbench: ${stdout} ${stderr}`);
    return tps;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
