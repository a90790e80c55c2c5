import { createHash } from 'node:crypto';
import type { MixPart } from '../../../shared/releases.ts';
import type { Database } from '../../db/database.ts';
import type { Dialogue } from '../examples.ts';
import { pages } from '../pages.ts';
import { nextOfPool, type Scope } from '../queries/sources.ts';
import { dialoguesNamed } from './dialogues.ts';
import type { NamedReading } from './facts.ts';

/** Dialogues that are read at a time. */
const readAtOnce = 200;
/** Bytes of an id. */
const idBytes = 16;

/**
 * Imported dialogues in an order that is drawn by chance from a seed and stays as it is when others are imported: by the hash
 * of seed and id. Whoever reads takes as many as are wanted. In memory are 24 bytes for each dialogue that could be taken.
 */
export async function* drawn(
  db: Database,
  scope: Pick<Scope, 'moment'>,
  { projectId, source }: Pick<MixPart, 'projectId' | 'source'>,
  seed: number,
  reading: NamedReading,
): AsyncGenerator<Dialogue[]> {
  const pool = { projectId, moment: scope.moment };
  let ids = Buffer.alloc(1_024 * idBytes);
  let count = 0;
  for await (const { rows } of pages(async (after, limit) => ({
    rows: await nextOfPool(db, pool, source, after, limit),
    size: 0,
  })))
    for (const { id } of rows) {
      if (count * idBytes === ids.length) ids = Buffer.concat([ids, Buffer.alloc(ids.length)]);
      ids.write(id.replaceAll('-', ''), count * idBytes, 'hex');
      count += 1;
    }
  const hashes = new Float64Array(count);
  const salt = Buffer.from(`mix ${seed} `);
  for (let at = 0; at < count; at += 1) {
    const id = ids.subarray(at * idBytes, (at + 1) * idBytes);
    // 48 bits, which a double holds exactly.
    hashes[at] = createHash('sha256').update(salt).update(id).digest().readUIntBE(0, 6);
  }
  const order = new Uint32Array(count).map((_, at) => at).sort((a, b) => (hashes[a] ?? 0) - (hashes[b] ?? 0) || a - b);
  for (let from = 0; from < count; from += readAtOnce) {
    const some = [...order.subarray(from, from + readAtOnce)].map((at) =>
      uuidOf(ids.subarray(at * idBytes, (at + 1) * idBytes)),
    );
    yield await dialoguesNamed(db, pool, some, reading);
  }
}

function uuidOf(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
