import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openDatabase } from '../../server/db/open.ts';
import { importLines } from '../../shared/imports.ts';
import { createProject } from '../../shared/projects.ts';
import * as tasks from '../../shared/tasks.ts';
import { engine, freshDatabase, type TestDatabase } from '../support/database.ts';
import { breaches } from '../support/invariants.ts';
import {
  Answered,
  callAt,
  type Headers,
  joinAsTrainer,
  type ServerProcess,
  signInAdmin,
  startServer,
} from '../support/server.ts';

/*
 * Server processes that are killed without warning while everybody works, trainers who vanish with a task in hand, and
 * submissions sent twice and thrice: on PostgreSQL two processes and 32 trainers, on PGlite, which one process owns, one
 * and 8. Nobody may get too much, and nothing that was acknowledged may be missing.
 */

const two = engine === 'postgres';
const trainerCount = two ? 32 : 8;
const taskCount = two ? 120 : 30;
const overlap = 3;
const crashes = two ? 4 : 2;

let database: TestDatabase | null = null;
let dataDir: string;
const servers: ServerProcess[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'duologue-crash-'));
  if (two) database = await freshDatabase();
  for (let n = 0; n < (two ? 2 : 1); n += 1) servers.push(await launch());
}, 120_000);
afterAll(async () => {
  await Promise.all(servers.map((server) => server.end('SIGKILL')));
  await database?.drop();
  await rm(dataDir, { recursive: true, force: true });
});

const launch = (): Promise<ServerProcess> =>
  startServer(database?.url ? { DATABASE_URL: database.url, DATA_DIR: dataDir } : { DATA_DIR: dataDir });

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const anyOf = <T>(list: readonly T[]): T => {
  const one = list[Math.floor(Math.random() * list.length)];
  if (one === undefined) throw new Error('nothing to choose from');
  return one;
};

/** A server that was killed and is being started again: until it is there, no attempt counts. */
let launching: Promise<unknown> = Promise.resolve();

/** Tries until some server answers; a refusal is an answer. */
async function insist<T>(ask: (url: string) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask(anyOf(servers).url);
    } catch (error) {
      // 503 comes from a server whose database connections broke or that is about to end.
      const passing = !(error instanceof Answered) || error.status === 503;
      if (!passing || attempt > 200) throw error;
      await Promise.all([launching, pause(100)]);
    }
  }
}

it(
  'hands out, counts and keeps everything right through crashes, retries and vanished trainers',
  { timeout: 300_000 },
  async () => {
    const admin = await insist(signInAdmin);
    const body = { name: 'Crash', overlap: { comparison: overlap }, leaseMinutes: 1 };
    const { project } = await insist((url) => callAt(url, createProject, { body }, admin));
    const params = { projectId: project.id };
    const lines = Array.from({ length: taskCount }, (_, n) =>
      JSON.stringify({
        prompt: `Question ${n}`,
        completions: ['one', 'two', 'three'].map((word) => ({ content: `${word} ${n}` })),
      }),
    );
    const imported = await insist((url) =>
      callAt(url, importLines, { params, query: { format: 'comparisons' }, body: lines.join('\n') }, admin),
    );
    expect(imported).toMatchObject({ created: taskCount, tasks: taskCount });
    const trainers = await Promise.all(
      Array.from({ length: trainerCount }, (_, n) =>
        insist((url) => joinAsTrainer(url, admin, project.id, `trainer-${n}`)),
      ),
    );

    const acknowledged = new Map<string, { as: Headers; state: string }>();
    const statuses = new Map<number, number>();
    let working = true;

    const work = async (as: Headers): Promise<void> => {
      while (working) {
        const answer = await insist((url) => callAt(url, tasks.claim, { params, body: {} }, as));
        if (answer === null) {
          const { reason } = await insist((url) => callAt(url, tasks.queue, { params, query: {} }, as));
          // What others hold may come back; if all is done or this trainer's share is, it will not.
          if (reason === 'done' || reason === 'share') return;
          await pause(200);
          continue;
        }
        const { id } = answer.assignment;
        const to = { params: { assignmentId: id } };
        const chance = Math.random();
        if (chance < 0.05)
          await insist((url) => callAt(url, tasks.skip, { ...to, body: { reason: 'unclear' } }, as)).catch(
            refusedFor(statuses),
          );
        else if (chance < 0.15 && two) {
          // Vanishes with the task in hand. Rather than wait for the minute of the lease, it is made to have passed.
          await database?.db.execute(
            sql`update assignments set lease_until = now() - interval '1 second' where id = ${id}::uuid`,
          );
        } else {
          const submission = { ranking: [['A'], ['B', 'C']], comment: id };
          const times = chance < 0.4 ? 3 : 1;
          const answers = await Promise.all(
            Array.from({ length: times }, () =>
              insist((url) => callAt(url, tasks.submit, { ...to, body: submission }, as)),
            ),
          );
          const states = new Set(answers.map(({ assignment }) => assignment.state));
          expect(states.size).toBe(1);
          acknowledged.set(id, { as, state: [...states].join() });
        }
      }
    };

    const crash = async (): Promise<void> => {
      for (let n = 0; n < crashes; n += 1) {
        await pause(1_000);
        const at = n % servers.length;
        const restarted = servers[at]?.end('SIGKILL').then(launch);
        launching = Promise.resolve(restarted);
        if (restarted) servers[at] = await restarted;
      }
    };

    const done = Promise.all(trainers.map(work));
    await Promise.all([done, crash()]).finally(() => {
      working = false;
    });

    // Every acknowledgement is kept, by whichever server one asks.
    for (const [id, { as, state }] of acknowledged) {
      const { assignment } = await insist((url) =>
        callAt(url, tasks.readAssignment, { params: { assignmentId: id } }, as),
      );
      expect(assignment).toMatchObject({ state, draft: { comment: id } });
    }
    await Promise.all(servers.map((server) => server.end('SIGTERM')));
    const opened = database ?? (await openDatabase({ url: null, dataDir }));
    const { db } = opened;
    expect(await breaches(db)).toEqual([]);
    const [sums] = await db._.session.all<{ submitted: number; fullest: number }>(
      sql`select sum(submitted)::int as submitted, max(submitted)::int as fullest from tasks`,
    );
    expect(sums).toEqual({ submitted: taskCount * overlap, fullest: overlap });
    const counted = [...acknowledged.values()].filter(({ state }) => state === 'submitted').length;
    expect(counted).toBe(taskCount * overlap);
    if (database === null) await opened.close();
  },
);

/** Counts refusals that the tumult may bring about; anything from 500 on is none of them. */
function refusedFor(statuses: Map<number, number>): (error: unknown) => void {
  return (error) => {
    if (!(error instanceof Answered) || error.status >= 500) throw error;
    statuses.set(error.status, (statuses.get(error.status) ?? 0) + 1);
  };
}
