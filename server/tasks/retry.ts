/**
 * SQLSTATEs after which the same statement may well succeed: a deadlock, a serialization failure, and the null by which
 * the claim undoes itself where the same trainer took the same task in another tab at that moment (see `queries.claim`).
 */
const passing = new Set(['40P01', '40001', '23502']);
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

function sqlState(error: unknown): string | null {
  for (let inner = error; inner instanceof Error; inner = inner.cause)
    if ('code' in inner && typeof inner.code === 'string') return inner.code;
  return null;
}
