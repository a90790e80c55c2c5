/** Spreads a number over all 32 bits. The finalizer of MurmurHash3 (Appleby, public domain). */
export function mix32(value: number): number {
  let h = value ^ (value >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** A 32-bit hash of a text: FNV-1a (Fowler, Noll, Vo; RFC 9923) over its UTF-16 code units, then mixed. */
export function hash32(text: string, seed = 0x811c9dc5): number {
  let h = seed;
  for (let at = 0; at < text.length; at += 1) h = Math.imul(h ^ text.charCodeAt(at), 0x01000193);
  return mix32(h);
}

const pair = new DataView(new ArrayBuffer(8));

/** Two halves of 32 bits as one number of 64, signed, as PostgreSQL's bigint has it. */
export function joined(high: number, low: number): bigint {
  pair.setInt32(0, high);
  pair.setInt32(4, low);
  return pair.getBigInt64(0);
}

/** The two halves of such a number. */
export function halves(value: bigint): [high: number, low: number] {
  pair.setBigInt64(0, value);
  return [pair.getInt32(0), pair.getInt32(4)];
}
