/**
 * SQLSTATEs after which the same statement may well succeed:
 *
 * - 40P01, 40001: a deadlock, a serialization failure. Claiming locks the task before the assignment, submitting and keeping
 *   the assignment before the task; where one trainer does both at once, PostgreSQL ends one of them after a second.
 * - 23502: the null by which a claim undoes itself where the same trainer took the same task in another tab at that moment.
 * - 23514: a CHECK is tried on the row as the statement's snapshot has it before PostgreSQL sees that the row was changed
 *   meanwhile and reckons anew; a count that was raised at that moment seems to fall below zero. A new snapshot has it right.
 */
const passing = new Set(['40P01', '40001', '23502', '23514']);
const tries = 5;

/** Runs `work` again where it failed for a reason that passes. */
export async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt === tries || !passing.has(sqlState(error) ?? '')) throw error;
    }
  }
}

/** PostgreSQL's own code of an error, which Drizzle wraps; null where it has none. */
export function sqlState(error: unknown): string | null {
  for (let inner = error; inner instanceof Error; inner = inner.cause)
    if ('code' in inner && typeof inner.code === 'string') return inner.code;
  return null;
}
