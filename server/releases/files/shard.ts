import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';

/*
 * A split is written as shards. While the shard `data/train-00002` is written, and until it is known how many there are, its
 * file is `data/train-00002.part`. When its last byte is on the disk, `data/train-00002.done.json` says so: how many rows and
 * bytes it has, and their hash. From then on it survives a crash; a part without that note is thrown away.
 */

/** A file with rows of a release. */
export interface ShardFile {
  /** From the release's folder, with slashes: `data/train-00000-of-00003.jsonl`. While it is built: `data/train-00000`. */
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

const note = z.strictObject({
  rows: z.number().int().positive(),
  bytes: z.number().int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

const noteEnding = '.done.json';
/** Whether a file tells of a completed shard, and is itself no part of the release. */
export const isNote = (name: string): boolean => name.endsWith(noteEnding);

const digits = (number: number): string => String(number).padStart(5, '0');

/** What a shard is called while it is not known how many there are. */
export const shardName = (split: string, index: number): string => `${split}-${digits(index)}`;

/** What it is called for good. */
export const finalName = (split: string, index: number, of: number, ending: string): string =>
  `${shardName(split, index)}-of-${digits(of)}.${ending}`;

/** Appends to a file, and hashes what it appends. */
export class FileSink {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  bytes = 0;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** What was there is gone. */
  static async create(path: string): Promise<FileSink> {
    return new FileSink(path, await open(path, 'w'));
  }

  /** Resolves when the bytes may be overwritten. */
  async append(bytes: Uint8Array): Promise<void> {
    this.#hash.update(bytes);
    // `write` may take less than all, as on a disk that is nearly full; the rest then fails with the reason.
    for (let from = 0; from < bytes.length;) from += (await this.#file.write(bytes, from)).bytesWritten;
    this.bytes += bytes.length;
  }

  /** The file is whole; once its folder is synced too, it outlives a crash. The hash is in hexadecimal. */
  async close(): Promise<{ bytes: number; sha256: string }> {
    await this.#file.sync();
    await this.#file.close();
    return { bytes: this.bytes, sha256: this.#hash.digest('hex') };
  }

  /** Closes and removes the file. */
  async abandon(): Promise<void> {
    // A handle that cannot be closed, as it was already, does not keep the file from being removed.
    await this.#file.close().catch(() => undefined);
    await rm(this.#path, { force: true });
  }
}

/** The file of a shard that is being written; what was there is gone. */
export const createShard = (folder: string, shard: string): Promise<FileSink> =>
  FileSink.create(join(folder, `${shard}.part`));

/** The shard is whole: makes it so that it outlives a crash. */
export async function completeShard(sink: FileSink, folder: string, shard: string, rows: number): Promise<ShardFile> {
  const done = { rows, ...(await sink.close()) };
  const path = join(folder, `${shard}${noteEnding}`);
  await writeSynced(path, JSON.stringify(done));
  await syncFolder(dirname(path));
  return { name: shard, ...done };
}

/** Gives a completed shard its name for good. */
export async function renameShard(folder: string, shard: string, final: string): Promise<void> {
  await rename(join(folder, `${shard}.part`), join(folder, final));
}

/**
 * The shards that an earlier attempt completed in `folder`, by split (`data/train`) and in order, each read again and held
 * against its hash. All else in the folder, half-written shards among it, is removed; of a split only what is there without
 * a gap is kept. Without the folder there are none.
 */
export async function completed(folder: string): Promise<ReadonlyMap<string, readonly ShardFile[]>> {
  const names = (await filesIn(folder)).toSorted();
  const found = new Map<string, ShardFile[]>();
  const kept = new Set<string>();
  for (const name of names.filter(isNote)) {
    const shard = name.slice(0, -noteEnding.length);
    const split = shard.replace(/-\d{5}$/, '');
    const before = found.get(split) ?? [];
    if (shard !== shardName(split, before.length)) continue;
    const file = await readCompleted(folder, shard, names);
    if (!file) continue;
    found.set(split, [...before, file]);
    kept.add(name).add(`${shard}.part`);
  }
  for (const name of await filesIn(folder)) if (!kept.has(name)) await rm(join(folder, name));
  return found;
}

/** A shard that has a note, if it is as the note says; under its name for good it was named too early, and is named back. */
async function readCompleted(folder: string, shard: string, names: readonly string[]): Promise<ShardFile | null> {
  const said = note.safeParse(parseJson(await readFile(join(folder, `${shard}${noteEnding}`), 'utf8')));
  const path = join(folder, `${shard}.part`);
  const named = names.find((name) => name.startsWith(`${shard}-of-`));
  if (named !== undefined && !names.includes(`${shard}.part`)) await rename(join(folder, named), path);
  const size = await stat(path).then(
    (there) => there.size,
    () => null,
  );
  if (!said.success || size !== said.data.bytes || (await sha256Of(path)) !== said.data.sha256) return null;
  return { name: shard, ...said.data };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Removes the notes that tell of completed shards; the files are then what the release consists of. */
export async function removeNotes(folder: string): Promise<void> {
  for (const name of await filesIn(folder)) if (isNote(name)) await rm(join(folder, name));
}

/** All files below a folder, by their names from there, with slashes; none where there is no such folder. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length).replaceAll('\\', '/'));
}

/** Writes a file so that it outlives a crash, once its folder is synced too. */
export async function writeSynced(path: string, content: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes the names in a folder outlive a crash. Windows knows no such thing, and needs none. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  return hash.digest('hex');
}
