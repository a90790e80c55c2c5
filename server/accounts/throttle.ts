import { isIPv6 } from 'node:net';
import { type Database, transaction } from '../db/database.ts';
import { Refusal } from '../problem.ts';
import * as queries from './queries.ts';

/*
 * Guessing of passwords is slowed down per account and per address.
 *
 * An account's counter rises before the password is looked at, so that guesses sent at the same moment count too; a
 * right password clears it. An address may be an office full of people, so only real failures count there, more of them
 * are free, and one person's right password does not clear the others'.
 *
 * While a wait lasts, even the right password is refused, or waiting would slow nobody down. The trade-off: a stranger
 * who keeps guessing can make the owner wait. It is bounded: tries during a wait count for nothing and do not prolong
 * it, no wait is longer than 15 minutes, the stranger's address runs into its own wait, and sessions that are open
 * already are not touched.
 */

const freeFailures = { account: 5, address: 20 };
const longestWait = 15 * 60; // seconds
/** Failures are forgotten this long after the last one, in milliseconds. */
const forgottenAfter = 60 * 60_000;

/** Seconds to wait after so many failures: none for the free ones, then 1, doubled with each up to 15 minutes. */
export function waitAfter(failures: number, free: number): number {
  return failures <= free ? 0 : Math.min(longestWait, 2 ** (failures - free - 1));
}

/** Who is slowed down. Without an address, by the account alone. */
export interface ThrottleKeys {
  readonly account: string;
  readonly address?: string;
}

/**
 * Runs a check of a password, which answers null where it is wrong.
 * @throws too_many_requests with `retryAfter` while there is a wait; the check is not run then
 */
export async function throttled<T>(
  db: Database,
  now: Date,
  { account, address }: ThrottleKeys,
  check: () => Promise<T | null>,
): Promise<T | null> {
  const forgotten = new Date(now.getTime() - forgottenAfter);
  await transaction(db, async (tx) => {
    const ofAccount = await queries.lockFailures(tx, account, now);
    const ofAddress = address === undefined ? null : await queries.selectFailures(tx, address);
    const wait = Math.max(
      waitLeft(ofAccount, freeFailures.account, now),
      ofAddress === null ? 0 : waitLeft(ofAddress, freeFailures.address, now),
    );
    if (wait > 0) {
      const retryAfter = Math.ceil(wait);
      throw new Refusal('too_many_requests', `Please wait ${retryAfter} s before the next try.`, [], { retryAfter });
    }
    await queries.countFailure(tx, account, now, forgotten);
  });
  const result = await check();
  if (result === null) {
    if (address !== undefined) await queries.countFailure(db, address, now, forgotten);
  } else {
    await queries.deleteFailures(db, account);
    await queries.deleteForgottenFailures(db, forgotten);
  }
  return result;
}

/** Seconds. */
function waitLeft({ failures, lastAt }: queries.FailuresRow, free: number, now: Date): number {
  const since = now.getTime() - lastAt.getTime();
  return since >= forgottenAfter ? 0 : Math.max(0, waitAfter(failures, free) - since / 1_000);
}

/** What counts as one address: of IPv6 the /64 network, since whoever has one address of it has all 2^64. */
export function networkOf(ip: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1];
  if (mapped !== undefined) return mapped;
  const address = ip.replace(/%.*$/, '');
  if (!isIPv6(address)) return ip;
  // The URL parser writes IPv6 the canonical way; `::` stands for as many zeros as are missing of eight groups.
  const canonical = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [left = '', right] = canonical.split('::');
  const groups = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  while (groups.length + tail.length < 8) groups.push('0');
  return `${[...groups, ...tail].slice(0, 4).join(':')}::/64`;
}
