/** A thread that builds one release; thread.ts begins it. */
import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from '../db/open.ts';
import { Refusal } from '../problem.ts';
import { openStores } from './files/stores.ts';
import type { ThreadAnswer, ThreadOptions } from './thread.ts';
import { Cancelled, writeRelease } from './writing.ts';

/** How far behind others the thread stands in line for a processor, of 19. */
const niceness = 10;

const { databaseUrl, dataDir, s3, releaseId } = workerData as ThreadOptions & { releaseId: string };
// On Linux this is of the thread; elsewhere it would be of all of the process.
if (process.platform === 'linux') setPriority(niceness);

const stopping = new AbortController();
parentPort?.once('message', () => stopping.abort(new Error('the server is stopping')));
const answer = (message: ThreadAnswer): void => parentPort?.postMessage(message);

const database = await openDatabase({ url: databaseUrl, dataDir });
try {
  const written = await writeRelease(
    { db: database.db, stores: openStores({ dataDir, s3 }), signal: stopping.signal },
    releaseId,
  );
  answer({ type: 'written', written });
} catch (error) {
  if (error instanceof Cancelled) answer({ type: 'cancelled' });
  else if (error instanceof Refusal) answer({ type: 'refused', code: error.code, message: error.message });
  else throw error;
} finally {
  await database.close();
  // Whoever listens keeps a thread alive.
  parentPort?.unref();
}
