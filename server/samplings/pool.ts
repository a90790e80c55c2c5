import { newId } from '../db/ids.ts';
import type { Output } from '../../shared/endpoint.ts';
import type {
  Batch,
  listSamplings as listEndpoint,
  Sampling,
  SamplingState,
  samplePool as sampleEndpoint,
} from '../../shared/samplings.ts';
import { samplingState } from '../../shared/samplings.ts';
import type { Parsed } from '../../shared/endpoint.ts';
import { record } from '../accounts/audit.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Context } from '../context.ts';
import { type Database, transaction } from '../db/database.ts';
import { notFound, Refusal } from '../problem.ts';
import { projectFor } from '../projects/projects.ts';
import { writersOf } from '../models/writers.ts';
import { batchSums, type Listed, projectSums, selectListed, selectSamplings, type Sums } from './queries/list.ts';
import * as queries from './queries/pool.ts';
import { sampleQueue } from './sampling.ts';

/** So many paths are looked at, and their jobs sent, in one transaction. */
const pageSize = 2_000;
/** So many batches are listed, the newest ones. */
const listedBatches = 20;
/** Before every id. */
const beginning = '00000000-0000-0000-0000-000000000000';

type Asker = Pick<Context, 'db' | 'jobs' | 'clock' | 'random'>;
type Asked = Parsed<typeof sampleEndpoint>['body'];

/**
 * Has completions sampled for each path of a pool that has none asked for yet. What is there when it breaks off is whole; the
 * same again adds the rest. Throws `not_found`, `archived`, `invalid` naming the model, `conflict` where there is nothing to do.
 */
export async function samplePool(
  { db, jobs, clock, random }: Asker,
  user: SignedIn,
  projectId: string,
  { pool, mix, completions, limit = Infinity, parameters }: Asked,
): Promise<Batch> {
  const project = await projectFor(db, user, projectId);
  if (project.archived) throw new Refusal('archived', 'The project is archived: nothing is sampled for it any more.');
  await writersOf(
    db,
    mix.map(({ modelId }, index) => ({ path: `mix.${index}.modelId`, modelId })),
  );
  const batchId = newId();
  let asked = 0;
  let looked = 0;
  for (let after: string | null = beginning; after !== null && asked < limit;) {
    const page: Omit<queries.Filling, 'after'> = {
      ...{ projectId, batchId, pool, mix, parameters: parameters ?? null, wanted: completions, now: clock() },
      limit: Math.min(pageSize, limit - asked),
      lines: Array.from({ length: pageSize }, () => ({ id: newId(), seed: Math.floor(random() * 2 ** 31) })),
    };
    const from: string = after;
    const filled = await transaction(db, async (tx) => {
      await queries.lockPools(tx, projectId);
      const filled = await queries.fill(tx, { ...page, after: from });
      await jobs.send(
        tx,
        sampleQueue,
        filled.ids.map((samplingId) => ({ samplingId })),
      );
      return filled;
    });
    asked += filled.ids.length;
    looked += filled.looked;
    after = filled.last;
  }
  if (asked === 0) throw new Refusal('conflict', nothingToDo(pool, looked));
  await record(db, user, 'sampling.pool', projectId, { batchId, pool, mix, completions, paths: asked });
  return readBatch(db, batchId);
}

function nothingToDo(pool: Asked['pool'], looked: number): string {
  if (looked === 0)
    return pool === 'prompts'
      ? 'This project has no imported prompts: import some, and they can be answered.'
      : 'This project has no imported conversations: import some, and they can be answered.';
  return pool === 'prompts'
    ? 'Completions were asked for already for each imported prompt, or came along with it.'
    : 'Completions were asked for already for each imported conversation that is one dialogue.';
}

/** How sampling goes on in a project. Throws `not_found`. */
export async function listSamplings(
  db: Database,
  user: SignedIn,
  projectId: string,
  { state, limit }: { state?: SamplingState | undefined; limit: number },
): Promise<Output<typeof listEndpoint>> {
  await projectFor(db, user, projectId);
  const rows = await queries.selectBatches(db, projectId, listedBatches);
  const [sums, ofBatches, samplings] = await Promise.all([
    projectSums(db, projectId),
    batchSums(
      db,
      rows.map(({ id }) => id),
    ),
    selectSamplings(db, projectId, state ? [state] : samplingState.options, limit),
  ]);
  return {
    sums,
    batches: rows.map((row) => batchView(row, ofBatches.get(row.id))),
    samplings: samplings.map(samplingView),
  };
}

/** Has a failed sampling tried again; one that is not failed is answered as it is. Throws `not_found`, `archived`, `conflict`. */
export async function retrySampling({ db, jobs }: Asker, user: SignedIn, samplingId: string): Promise<Sampling> {
  const before = await selectListed(db, samplingId);
  if (before === null) throw notFound('sampling');
  if (before.state !== 'failed') return samplingView(before);
  const project = await projectFor(db, user, before.projectId);
  if (project.archived) throw new Refusal('archived', 'The project is archived: nothing is sampled for it any more.');
  const after = await transaction(db, async (tx) => {
    const retried = await queries.retry(tx, [samplingId]);
    await jobs.send(
      tx,
      sampleQueue,
      retried.map((id) => ({ samplingId: id })),
    );
    if (retried.length > 0) await record(tx, user, 'sampling.retry', samplingId);
    return selectListed(tx, samplingId);
  });
  if (after === null || after.state === 'failed')
    throw new Refusal('conflict', 'Its batch was cancelled, or completions were asked for anew in its place.');
  return samplingView(after);
}

/** Has all failed samplings of a project tried again; says how many. Throws `not_found`, `archived`. */
export async function retryFailed({ db, jobs }: Asker, user: SignedIn, projectId: string): Promise<number> {
  const project = await projectFor(db, user, projectId);
  if (project.archived) throw new Refusal('archived', 'The project is archived: nothing is sampled for it any more.');
  let sum = 0;
  for (let after: string | undefined = beginning; after !== undefined;) {
    const ids: string[] = await queries.selectFailed(db, projectId, after, pageSize);
    sum += await transaction(db, async (tx) => {
      const retried = await queries.retry(tx, ids);
      await jobs.send(
        tx,
        sampleQueue,
        retried.map((samplingId) => ({ samplingId })),
      );
      return retried.length;
    });
    // Those that fail again meanwhile lie behind.
    after = ids.at(-1);
  }
  if (sum > 0) await record(db, user, 'sampling.retryFailed', projectId, { samplings: sum });
  return sum;
}

/** Samples no more for a batch: what waits is ended, what runs is finished. The same twice is once. Throws `not_found`. */
export async function cancelBatch({ db, clock }: Asker, user: SignedIn, batchId: string): Promise<Batch> {
  await transaction(db, async (tx) => {
    if (await queries.updateCancelled(tx, batchId)) await record(tx, user, 'sampling.cancel', batchId);
  });
  while ((await queries.cancelWaiting(db, batchId, pageSize, clock())) > 0);
  return readBatch(db, batchId);
}

async function readBatch(db: Database, batchId: string): Promise<Batch> {
  const row = await queries.selectBatch(db, batchId);
  if (row === null) throw notFound('batch');
  return batchView(row, (await batchSums(db, [batchId])).get(batchId));
}

function batchView({ id, pool, createdAt, cancelled }: queries.BatchRow, sums: Sums | undefined): Batch {
  const { waiting = 0, running = 0, done = 0, failed = 0 } = sums ?? {};
  const total = waiting + running + done + failed;
  return { id, pool, createdAt: createdAt.toISOString(), total, done, failed, cancelled };
}

function samplingView({ projectId: _, retryAt, createdAt, endedAt, ...row }: Listed): Sampling {
  return {
    ...row,
    retryAt: retryAt?.toISOString() ?? null,
    createdAt: createdAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
  };
}
