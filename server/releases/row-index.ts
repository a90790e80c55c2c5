import { hash } from 'node:crypto';
import type { Row } from './examples.ts';

/** Bytes of a row: of its id and of its content, 64 bits of a hash each. */
const entryBytes = 16;

/**
 * What a release holds, so that two can be held against each other without reading them: a file beside the others with 16
 * bytes for each row.
 */
export class RowIndex {
  #bytes = Buffer.allocUnsafe(entryBytes * 4_096);
  #length = 0;

  add(id: string, row: Row): void {
    if (this.#length + entryBytes > this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes, Buffer.allocUnsafe(this.#bytes.length)]);
    hash('sha1', id, 'buffer').copy(this.#bytes, this.#length, 0, 8);
    hash('sha1', JSON.stringify(row), 'buffer').copy(this.#bytes, this.#length + 8, 0, 8);
    this.#length += entryBytes;
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }
}

export interface Differences {
  added: number;
  removed: number;
  changed: number;
  same: number;
}

/**
 * What differs between the rows of two releases, by their indexes. A row is the same one where its id is. Memory: 40 bytes for
 * each row of the two.
 */
export function differencesOf(from: Buffer, to: Buffer): Differences {
  const [before, after] = [sorted(from), sorted(to)];
  const found = { added: 0, removed: 0, changed: 0, same: 0 };
  let [a, b] = [0, 0];
  while (a < before.ids.length || b < after.ids.length) {
    const [idA, idB] = [before.ids[a], after.ids[b]];
    if (idB === undefined || (idA !== undefined && idA < idB)) {
      found.removed += 1;
      a += 1;
    } else if (idA === undefined || idB < idA) {
      found.added += 1;
      b += 1;
    } else {
      if (before.contents[a] === after.contents[b]) found.same += 1;
      else found.changed += 1;
      a += 1;
      b += 1;
    }
  }
  return found;
}

function sorted(index: Buffer): { ids: BigUint64Array; contents: BigUint64Array } {
  const count = index.length / entryBytes;
  const ids = new BigUint64Array(count);
  for (let at = 0; at < count; at += 1) ids[at] = index.readBigUInt64BE(at * entryBytes);
  const order = new Uint32Array(count).map((_, at) => at);
  order.sort((a, b) => {
    const [idA = 0n, idB = 0n] = [ids[a], ids[b]];
    return idA < idB ? -1 : idA > idB ? 1 : a - b;
  });
  const contents = new BigUint64Array(count);
  for (let at = 0; at < count; at += 1) contents[at] = index.readBigUInt64BE((order[at] ?? 0) * entryBytes + 8);
  return { ids: ids.sort(), contents };
}
