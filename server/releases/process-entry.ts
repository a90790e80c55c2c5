/** A process that builds one release; process.ts begins it. What takes time to load is loaded by the order. */
import { readdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { keepCompiled } from '../compiled.ts';
import type { BuildAnswer, BuildOrder } from './process.ts';

/** How far behind others it stands in line for a processor, of 19. */
const niceness = 10;

// What ends the server may go to all of its processes; it then says 'stop'.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);

// Linux means one thread by a number; those that come later take after this one.
const threads = process.platform === 'linux' ? readdirSync('/proc/self/task').map(Number) : [process.pid];
for (const thread of threads) setPriority(thread, niceness);

const stopping = new AbortController();

process.on('message', (message: BuildOrder | 'stop') => {
  if (message === 'stop') stopping.abort(new Error('the server is stopping'));
  else void build(message).then(say);
});
// All is said, or the server is gone: then another process goes on from the last file that was completed.
process.once('disconnect', () => process.exit());

function say(answer: BuildAnswer): void {
  process.send?.(answer, () => process.disconnect());
}

async function build({ releaseId, databaseUrl, dataDir, s3 }: BuildOrder): Promise<BuildAnswer> {
  keepCompiled();
  const { openDatabase } = await import('../db/open.ts');
  const { Refusal, rootCause } = await import('../problem.ts');
  const { openStores } = await import('./files/stores.ts');
  const { Cancelled, writeRelease } = await import('./writing.ts');
  try {
    const database = await openDatabase({ url: databaseUrl, dataDir });
    try {
      const writing = { db: database.db, stores: openStores({ dataDir, s3 }), signal: stopping.signal };
      return { type: 'written', written: await writeRelease(writing, releaseId) };
    } finally {
      await database.close();
    }
  } catch (error) {
    if (error instanceof Cancelled) return { type: 'cancelled' };
    if (error instanceof Refusal) return { type: 'refused', code: error.code, message: error.message };
    const cause = rootCause(error);
    return { type: 'failed', error: typeof cause === 'object' && cause !== null ? cause : { message: String(cause) } };
  }
}
