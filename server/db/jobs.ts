import { sql } from 'drizzle-orm';
import { type DrizzleTransactionLike, fromDrizzle, PgBoss } from 'pg-boss';
import type { z } from 'zod';
import type { Database } from './database.ts';
import type { OpenDatabase } from './open.ts';

/** A kind of background work. */
export interface Queue<Data extends object> {
  readonly name: string;
  readonly data: z.ZodType<Data>;
  /** Jobs of it that one process does at the same time. */
  readonly atOnce: number;
  readonly retryLimit: number;
  /** Before the first retry; it doubles with each, up to `retryDelayMaxSeconds`. */
  readonly retryDelaySeconds: number;
  readonly retryDelayMaxSeconds: number;
}

export interface Run {
  /** Counts from 1. */
  readonly attempt: number;
  /** True where no retry follows if this one fails. */
  readonly last: boolean;
  /** Aborted when the process is told to stop; the job is then done anew by another. */
  readonly signal: AbortSignal;
}

/** Background work that survives a crash: what is sent is done, by some process, at least once. */
export interface Jobs {
  /** Makes a queue known, so that a transaction can send to it; `work` does so too. */
  provide<Data extends object>(queue: Queue<Data>): Promise<void>;
  /** Does the work of a queue in this process. A handler that throws is called again later, with growing pauses. */
  work<Data extends object>(queue: Queue<Data>, handle: (data: Data, run: Run) => Promise<void>): Promise<void>;
  /** Inside a transaction, the jobs are there if it commits. */
  send<Data extends object>(
    db: Database,
    queue: Queue<Data>,
    data: readonly Data[],
    options?: { startAfterSeconds?: number },
  ): Promise<void>;
  /** Takes no more jobs, and waits for those under way. */
  close(): Promise<void>;
}

/** Workers of a queue in a process; each takes a share of `atOnce` as a batch, and a slow batch holds up only its own. */
const workers = 8;
/** Without a notification, new jobs are looked for this often, in seconds. */
const pollEvery = 2;
/** A process that gave no sign of life for so many seconds has its jobs done by another. */
const believedFor = 15;
/** How often that is looked after, in seconds. */
const superviseEvery = 10;
/** How long jobs under way may take to end when the process is told to stop, in milliseconds. */
const closeWithin = 5_000;
/**
 * A job may take so long, in seconds: a slow model server with one place has many wait in line. That a process died is known
 * by `believedFor`.
 */
const doneWithin = 12 * 60 * 60;
/** A job that nobody began is dropped after so long, in seconds: ten years, so that a server may stand still for a summer. */
const keepWaiting = 10 * 365 * 24 * 60 * 60;
/** Done jobs are kept this long, in seconds: what came of them is in the domain's own tables. */
const keepDone = 60 * 60;

/** Opens pg-boss, which keeps its jobs in a schema of its own (`pgboss`) and brings that up to date by itself. */
export async function openJobs(
  { jobStore }: Pick<OpenDatabase, 'jobStore'>,
  onError: (error: unknown) => void,
): Promise<Jobs> {
  const boss = new PgBoss({
    ...jobStore,
    schedule: false,
    useListenNotify: true,
    superviseIntervalSeconds: superviseEvery,
    monitorIntervalSeconds: superviseEvery,
  });
  boss.on('error', onError);
  await boss.start();
  const closing = new AbortController();

  const provide = async ({ name, ...queue }: Queue<object>): Promise<void> => {
    const { retryLimit, retryDelaySeconds, retryDelayMaxSeconds } = queue;
    await boss.createQueue(name, {
      retryLimit,
      retryDelay: retryDelaySeconds,
      retryBackoff: true,
      retryDelayMax: retryDelayMaxSeconds,
      heartbeatSeconds: believedFor,
      expireInSeconds: doneWithin,
      retentionSeconds: keepWaiting,
      deleteAfterSeconds: keepDone,
      notify: true,
    });
    // So that it is known by the time that a transaction sends to it: pg-boss would look it up outside of that, for which
    // PGlite, with its one connection, would wait for ever.
    await boss.getQueue(name);
  };

  return {
    provide,

    async work(queue, handle) {
      const { name, data, atOnce } = queue;
      await provide(queue);
      await boss.work(
        name,
        {
          localConcurrency: Math.min(workers, atOnce),
          batchSize: Math.ceil(atOnce / workers),
          burstWhenBatchFull: true,
          pollingIntervalSeconds: pollEvery,
          notifyPollingIntervalSeconds: pollEvery,
          includeMetadata: true,
          perJobResults: true,
        },
        (jobs) =>
          Promise.all(
            jobs.map(async ({ id, data: raw, retryCount, retryLimit: limit, signal }) => {
              const run = {
                attempt: retryCount + 1,
                last: retryCount >= limit,
                signal: AbortSignal.any([signal, closing.signal]),
              };
              try {
                await handle(data.parse(raw), run);
                return { id, status: 'completed' as const };
              } catch (error) {
                if (!run.signal.aborted) onError(error);
                return { id, status: 'failed' as const, output: { message: String(error) } };
              }
            }),
          ),
      );
    },

    async send(db, queue, data, { startAfterSeconds } = {}) {
      if (data.length === 0) return;
      const startAfter = startAfterSeconds === undefined ? {} : { startAfter: startAfterSeconds };
      // What a query gives depends on the driver, so our type does not say; both give rows.
      const through = fromDrizzle(db as unknown as DrizzleTransactionLike, sql);
      await boss.insert(
        queue.name,
        data.map((one) => ({ data: one, ...startAfter })),
        { db: through },
      );
    },

    async close() {
      closing.abort(new Error('the server is stopping'));
      await boss.stop({ graceful: true, timeout: closeWithin, close: true });
    },
  };
}
