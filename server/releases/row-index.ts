import { hash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { roomOrRefusal } from '../problem.ts';
import type { StoredFile } from './files/publish.ts';
import { FileSink } from './files/shard.ts';

/** What the file is called. */
export const indexName = 'row-hashes.bin';

/** Bytes of a row: of its id and of its content, 64 bits of a hash each. */
const entryBytes = 16;
/** So many rows are put together before they go to the disk. */
const rowsTogether = 8_192;

/**
 * What a release holds, so that two can be held against each other without reading them: a file beside the others with 16
 * bytes for each row. It is written as the rows come, for a release has more of them than memory should hold. One call at a time.
 */
export class RowIndex {
  readonly #sink: FileSink;
  readonly #bytes = Buffer.allocUnsafe(entryBytes * rowsTogether);
  #length = 0;

  private constructor(sink: FileSink) {
    this.#sink = sink;
  }

  static create(folder: string): Promise<RowIndex> {
    return roomOrRefusal(async () => {
      await mkdir(folder, { recursive: true });
      return new RowIndex(await FileSink.create(join(folder, indexName)));
    });
  }

  /** `lines`: rows with their ids, as they are written. */
  async add(lines: readonly { id: string; json: string }[]): Promise<void> {
    for (const { id, json } of lines) {
      if (this.#length === this.#bytes.length) await this.#drain();
      this.#put(id);
      this.#put(json);
    }
  }

  end(): Promise<StoredFile> {
    return roomOrRefusal(async () => {
      await this.#drain();
      return { name: indexName, ...(await this.#sink.close()) };
    });
  }

  abandon(): Promise<void> {
    return this.#sink.abandon();
  }

  #put(text: string): void {
    // As text it takes a third of the time that it takes as bytes, which need an object of their own.
    this.#length += this.#bytes.write(hash('sha1', text, 'hex'), this.#length, entryBytes / 2, 'hex');
  }

  #drain(): Promise<void> {
    return roomOrRefusal(async () => {
      await this.#sink.append(this.#bytes.subarray(0, this.#length));
      this.#length = 0;
    });
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
