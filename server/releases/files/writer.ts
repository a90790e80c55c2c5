import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ReleaseDefinition } from '../../../shared/releases.ts';
import { roomOrRefusal } from '../../problem.ts';
import type { Field, Row } from '../examples.ts';
import { JsonLinesEncoder } from './jsonl.ts';
import { ParquetEncoder } from './parquet.ts';
import {
  completeShard,
  createShard,
  type FileSink,
  finalName,
  renameShard,
  type ShardFile,
  shardName,
} from './shard.ts';

/** A row, and the same as JSON: made once for all that need it. */
export interface Line {
  readonly row: Row;
  readonly json: string;
}

export const lineOf = (row: Row): Line => ({ row, json: JSON.stringify(row) });

/** Turns the rows of one shard into bytes. What comes out depends on the rows alone, not on when it is asked for. */
export interface Encoder {
  /** Takes a row; answers with the bytes that it has before compression. */
  add(line: Line): number;
  /** Whether so much waits in memory that `drain` is to be called before the next row. */
  readonly full: boolean;
  drain(): Promise<void>;
  end(): Promise<void>;
  /** Lets go of what it holds besides memory. */
  abandon?(): void;
}

export interface SplitOptions {
  /** The release's folder while it is built. */
  readonly folder: string;
  /** As in `data/train`. */
  readonly name: string;
  readonly fields: readonly Field[];
  readonly container: ReleaseDefinition['container'];
  readonly compression: ReleaseDefinition['compression'];
  /** A shard ends at the first row with which its rows have so many bytes, before compression. */
  readonly shardBytes: number;
  /** Shards that an earlier attempt completed, from the first, as `completed` tells. */
  readonly resume?: readonly ShardFile[];
}

/**
 * Writes the rows of a split into shards of a fixed size. Where a shard ends and what its bytes are depends on nothing but
 * its rows: the same rows make the same files, whatever pages they come in. So after a crash the same rows are given again
 * from the first, those that the completed shards hold are counted and passed by, and the next shard begins with the row
 * with which it would have begun.
 *
 * All throw `storage_full` where the disk is. One call at a time.
 */
export interface SplitWriter {
  /** Resolves when it can take more. */
  write(lines: readonly Line[]): Promise<void>;
  /** Taken so far, also those that were passed by. */
  readonly rows: number;
  /** On the disk so far. */
  readonly bytes: number;
  /** Ends the last shard, and gives all of them their names for good. Without rows there is no shard. */
  finish(): Promise<ShardFile[]>;
  /** Removes the shard that is being written; the completed ones stay, for another attempt. */
  abort(): Promise<void>;
}

export async function openSplit(options: SplitOptions): Promise<SplitWriter> {
  await roomOrRefusal(() => mkdir(dirname(join(options.folder, options.name)), { recursive: true }));
  return new Shards(options);
}

/** The shard that is being written; its size is before compression. */
interface OpenShard {
  readonly sink: FileSink;
  readonly encoder: Encoder;
  rows: number;
  size: number;
}

class Shards implements SplitWriter {
  readonly #options: SplitOptions;
  readonly #done: ShardFile[];
  /** Rows that are still to be passed by. */
  #skip: number;
  #shard: OpenShard | null = null;
  #doneBytes: number;
  rows = 0;

  constructor(options: SplitOptions) {
    this.#options = options;
    this.#done = [...(options.resume ?? [])];
    this.#skip = sum(this.#done.map(({ rows }) => rows));
    this.#doneBytes = sum(this.#done.map(({ bytes }) => bytes));
  }

  get bytes(): number {
    return this.#doneBytes + (this.#shard?.sink.bytes ?? 0);
  }

  write(lines: readonly Line[]): Promise<void> {
    return roomOrRefusal(async () => {
      const passed = Math.min(this.#skip, lines.length);
      this.#skip -= passed;
      this.rows += passed;
      for (let at = passed; at < lines.length; at += 1) {
        const line = lines[at];
        if (!line) continue;
        const shard = (this.#shard ??= await this.#open());
        shard.size += shard.encoder.add(line);
        shard.rows += 1;
        this.rows += 1;
        if (shard.size >= this.#options.shardBytes) await this.#complete();
        else if (shard.encoder.full) await shard.encoder.drain();
      }
    });
  }

  finish(): Promise<ShardFile[]> {
    return roomOrRefusal(async () => {
      const { folder, name } = this.#options;
      if (this.#skip > 0) throw new Error(`${name} has fewer rows than the shards of an earlier attempt`);
      await this.#complete();
      const ending = endingOf(this.#options);
      const files = this.#done.map((file, index) => ({
        ...file,
        name: finalName(name, index, this.#done.length, ending),
      }));
      for (const [index, file] of files.entries()) await renameShard(folder, shardName(name, index), file.name);
      return files;
    });
  }

  async abort(): Promise<void> {
    const shard = this.#shard;
    this.#shard = null;
    shard?.encoder.abandon?.();
    await shard?.sink.abandon();
  }

  async #open(): Promise<OpenShard> {
    const { folder, name, fields, container, compression } = this.#options;
    const sink = await createShard(folder, shardName(name, this.#done.length));
    try {
      const encoder =
        container === 'parquet' ? new ParquetEncoder(sink, fields) : new JsonLinesEncoder(sink, compression);
      return { sink, encoder, rows: 0, size: 0 };
    } catch (error) {
      await sink.abandon();
      throw error;
    }
  }

  async #complete(): Promise<void> {
    if (!this.#shard) return;
    const { sink, encoder, rows } = this.#shard;
    await encoder.end();
    const { folder, name } = this.#options;
    const file = await completeShard(sink, folder, shardName(name, this.#done.length), rows);
    this.#shard = null;
    this.#done.push(file);
    this.#doneBytes += file.bytes;
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);

function endingOf({ container, compression }: SplitOptions): string {
  if (container === 'parquet') return 'parquet';
  return { none: 'jsonl', gzip: 'jsonl.gz', zstd: 'jsonl.zst' }[compression];
}
