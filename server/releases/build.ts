import type { Context } from '../context.ts';
import { transaction } from '../db/database.ts';
import type { Run } from '../db/jobs.ts';
import { Refusal, rootCause } from '../problem.ts';
import { announce } from '../webhooks/webhooks.ts';
import { discardBuilding } from './files/store.ts';
import * as queries from './queries/releases.ts';
import { releaseQueue } from './releases.ts';
import { Cancelled, type Write } from './writing.ts';

export interface Builder extends Pick<Context, 'db' | 'jobs' | 'clock' | 'stores'> {
  readonly log: Pick<Context['log'], 'error'>;
}

/** Begins to build releases in this process; `write` does what takes long. */
export async function beginReleases(context: Context, write: Write): Promise<void> {
  await context.jobs.work(releaseQueue, ({ releaseId }, run) => buildRelease(context, write, releaseId, run));
}

/**
 * Builds a release that waits for it. After a crash another process goes on from the last file that was completed. What keeps
 * it from being built is put down in words; only what may pass by itself is thrown, so that the job is tried again.
 */
export async function buildRelease(
  context: Builder,
  write: Write,
  releaseId: string,
  { last, signal }: Pick<Run, 'last' | 'signal'>,
): Promise<void> {
  const { db, clock, log, stores } = context;
  if (!(await queries.beginBuilding(db, releaseId))) return;
  try {
    const built = await write(releaseId, signal);
    await transaction(db, async (tx) => {
      if (!(await queries.finishBuilding(tx, releaseId, { ...built, now: clock() }))) throw new Cancelled();
      await announce(context, tx, releaseId, 'release.ready');
    });
  } catch (error) {
    if (error instanceof Cancelled) return discardBuilding(stores.dataDir, releaseId);
    // The process is told to stop: what is completed stays for the next one.
    if (signal.aborted) throw error;
    const stated = error instanceof Refusal;
    if (!stated) log.error({ err: rootCause(error), releaseId }, 'building a release failed');
    if (!stated && !last) throw error;
    await discardBuilding(stores.dataDir, releaseId);
    const detail = stated ? error.message : 'Something went wrong on this server; its log says what.';
    await transaction(db, async (tx) => {
      if (await queries.endBuilding(tx, releaseId, { state: 'failed', detail, now: clock() }))
        await announce(context, tx, releaseId, 'release.failed');
    });
  }
}
