import { randomBytes } from 'node:crypto';
import { hash, verify, type Options } from '@node-rs/argon2';
import { type Database, transaction } from '../db/database.ts';
import { invalid } from '../problem.ts';
import * as queries from './queries.ts';
import type { Sessions, SignedIn } from './sessions.ts';
import { throttled } from './throttle.ts';

/**
 * argon2id with 19 MiB of memory, 2 passes and 1 lane: the minimum of the OWASP Password Storage Cheat Sheet. The
 * stored text says with which parameters it was made, so that they can be raised without locking anyone out. The
 * algorithm is the package's default; its name is a const enum, which type stripping cannot import.
 */
const argon2id = { memoryCost: 19_456 /* KiB */, timeCost: 2, parallelism: 1, outputLen: 32 } satisfies Options;

export function hashPassword(password: string): Promise<string> {
  return hash(password, argon2id);
}

/** The hash of a password that nobody knows, not even we: random bytes in the form of one. */
const nobodysHash = [
  '',
  'argon2id',
  'v=19',
  `m=${argon2id.memoryCost},t=${argon2id.timeCost},p=${argon2id.parallelism}`,
  randomBytes(16).toString('base64').replaceAll('=', ''),
  randomBytes(argon2id.outputLen).toString('base64').replaceAll('=', ''),
].join('$');

/**
 * Whether the password is the one that was hashed. With null, for a person who does not exist, it takes as long and is
 * false: the time of an answer does not tell who has an account.
 */
export async function verifyPassword(passwordHash: string | null, password: string): Promise<boolean> {
  const right = await verify(passwordHash ?? nobodysHash, password);
  return right && passwordHash !== null;
}

/**
 * Changes one's own password and ends all of one's sessions but the one at hand.
 * @throws invalid on `current`; too_many_requests after repeated failures: a session left open is no way to guess it.
 */
export async function changePassword(
  db: Database,
  sessions: Sessions,
  now: Date,
  person: SignedIn,
  change: { current: string; password: string },
): Promise<null> {
  const right = await throttled(db, now, { account: `password:${person.id}` }, async () => {
    const row = await queries.selectUser(db, person.id);
    return (await verifyPassword(row?.passwordHash ?? null, change.current)) ? true : null;
  });
  if (right === null) throw invalid('current', 'is not your password');
  const passwordHash = await hashPassword(change.password);
  return transaction(db, async (tx) => {
    await queries.updateUser(tx, person.id, { passwordHash });
    await sessions.invalidateAll(tx, person.id, person.sessionHash);
    return null;
  });
}
