import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ProblemCode } from '../../shared/errors.ts';
import { Refusal } from '../problem.ts';
import type { S3Settings } from './files/s3.ts';
import { Cancelled, type Write, type Written } from './writing.ts';

/**
 * So much of its memory is for what is new (V8 takes three times a semi-space): the rows of a page are gone before they are taken
 * for lasting. And so much is for the rest, many times what a build needs: where V8 may take a quarter of the machine, it lets old
 * rows lie until they take that. In MB.
 */
const semiSpaceMb = 64;
const oldMb = 1_024;

/** The first that a process that builds a release is told; the next is 'stop', and means that the server ends. */
export interface BuildOrder {
  releaseId: string;
  databaseUrl: string;
  dataDir: string;
  s3: S3Settings | null;
}

/** What it answers with. */
export type BuildAnswer =
  | { type: 'written'; written: Written }
  | { type: 'refused'; code: ProblemCode; message: string }
  | { type: 'cancelled' }
  /** Of what else fails, all that a log wants to hold. */
  | { type: 'failed'; error: object };

/**
 * Builds releases in a process of their own, with connections of their own: requests do not wait while rows are made, and whatever
 * becomes of a build, the server lives on. (A thread that runs out of memory may end the process that it is of, and V8 has been
 * seen to crash freeing the WebAssembly code that threads share.) What fails there fails here with the same message.
 */
export function writeInProcess(settings: Omit<BuildOrder, 'releaseId'>): Write {
  return (releaseId, signal) =>
    new Promise((resolve, reject) => {
      const child = fork(fileURLToPath(new URL('./process-entry.ts', import.meta.url)), {
        execArgv: [`--max-semi-space-size=${semiSpaceMb}`, `--max-old-space-size=${oldMb}`],
        serialization: 'advanced',
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      let answer: BuildAnswer | null = null;
      let fault: Error | null = null;
      const stop = (): void => {
        if (child.connected) child.send('stop');
      };
      child.once('spawn', () => {
        const order: BuildOrder = { releaseId, ...settings };
        child.send(order);
        signal.addEventListener('abort', stop);
        if (signal.aborted) stop();
      });
      child.on('message', (message: BuildAnswer) => (answer = message));
      // That it could not be begun; or that it ended while something was being said to it, of which 'close' tells more.
      child.on('error', (error) => (fault ??= error));
      // After all that it said, and when nothing of it is left that could still write.
      child.once('close', (code, killedBy) => {
        signal.removeEventListener('abort', stop);
        if (answer !== null) settle(answer, resolve, reject);
        else if (child.pid === undefined && fault !== null) reject(fault);
        else reject(new Error(`the process that built a release ended with ${killedBy ?? code}`));
      });
    });
}

function settle(answer: BuildAnswer, resolve: (written: Written) => void, reject: (error: Error) => void): void {
  if (answer.type === 'written') resolve(answer.written);
  else if (answer.type === 'refused') reject(new Refusal(answer.code, answer.message));
  else if (answer.type === 'cancelled') reject(new Cancelled());
  else reject(Object.assign(new Error(), answer.error));
}
