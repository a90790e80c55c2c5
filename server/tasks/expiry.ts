import type { Database } from '../db/database.ts';
import { expire } from './queries/lease.ts';
import { retrying } from '../db/retry.ts';

/** Leases ended in one statement. */
const batch = 500;
/** How often each process looks for leases that ran out, in milliseconds. */
const every = 5_000;

/** Frees the places of leases that ran out before `now`; says how many at most one batch held. */
export async function expireOverdue(
  db: Database,
  now: Date,
  touch: (projectId: string) => void = () => {},
): Promise<number> {
  const projectIds = await retrying(() => expire(db, now, batch));
  for (const projectId of new Set(projectIds)) touch(projectId);
  return projectIds.length;
}

/** Looks again and again, until the returned function is called. Any number of processes may do so at once. */
export function watchExpiry(options: {
  db: Database;
  clock: () => Date;
  touch: (projectId: string) => void;
  onError: (error: unknown) => void;
}): () => Promise<void> {
  const { db, clock, touch, onError } = options;
  let running: Promise<unknown> = Promise.resolve();
  const look = async (): Promise<void> => {
    while ((await expireOverdue(db, clock(), touch)) === batch);
  };
  const timer = setInterval(() => {
    running = running.then(look).catch(onError);
  }, every);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
