import { v7 } from 'uuid';

/** Bytes of randomness that one id takes. */
const idBytes = 16;
/**
 * Randomness is asked for in large pieces: the system takes as long for 4 KB as for 16 bytes, and longer than all else that
 * an id takes.
 */
const pool = new Uint8Array(256 * idBytes);
let used = pool.length;
let msecs = 0;
let seq = 0;

/**
 * A new id for a row: UUID version 7, in text. Each one that a process makes is greater than those before it, also within
 * one millisecond (RFC 9562, section 6.2, method 1): rows that are made together keep their order.
 */
export function newId(): string {
  if (used === pool.length) {
    crypto.getRandomValues(pool);
    used = 0;
  }
  const random = pool.subarray(used, (used += idBytes));
  const now = Date.now();
  if (now > msecs) {
    msecs = now;
    // A random beginning, with its highest bit free for those that follow.
    seq = new DataView(random.buffer, random.byteOffset).getUint32(6) >>> 1;
  } else seq += 1;
  return v7({ random, msecs, seq });
}
