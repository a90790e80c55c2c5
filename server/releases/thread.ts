import { Worker } from 'node:worker_threads';
import type { ProblemCode } from '../../shared/errors.ts';
import { Refusal } from '../problem.ts';
import type { S3Settings } from './files/s3.ts';
import { Cancelled, type Write, type Written } from './writing.ts';

/**
 * So much of its memory is for what is new: the rows of a page are gone before they are taken for lasting. And so much is for the
 * rest, many times what a build needs: where V8 may take a quarter of the machine, it lets old rows lie until they take that. In
 * MB.
 */
const youngMb = 192;
const oldMb = 1_024;

/** What a thread that builds a release is told. */
export interface ThreadOptions {
  databaseUrl: string;
  dataDir: string;
  s3: S3Settings | null;
}

/** What it answers with. */
export type ThreadAnswer =
  | { type: 'written'; written: Written }
  | { type: 'refused'; code: ProblemCode; message: string }
  | { type: 'cancelled' };

/**
 * Builds releases on a thread of its own, with connections of its own, so that requests do not wait while rows are made. What
 * else fails there fails here with the same message.
 */
export function writeInThread(options: ThreadOptions): Write {
  return (releaseId, signal) =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./thread-entry.ts', import.meta.url), {
        workerData: { ...options, releaseId },
        resourceLimits: { maxYoungGenerationSizeMb: youngMb, maxOldGenerationSizeMb: oldMb },
      });
      const stop = (): void => worker.postMessage('stop');
      signal.addEventListener('abort', stop);
      worker.once('message', (answer: ThreadAnswer) => {
        if (answer.type === 'written') resolve(answer.written);
        else reject(answer.type === 'cancelled' ? new Cancelled() : new Refusal(answer.code, answer.message));
      });
      worker.once('error', reject);
      worker.once('exit', (code) => {
        signal.removeEventListener('abort', stop);
        reject(new Error(`the thread that built a release ended with ${code}`));
      });
    });
}
