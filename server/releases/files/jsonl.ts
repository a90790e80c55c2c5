import { constants, createGzip, createZstdCompress } from 'node:zlib';
import type { Transform } from 'node:stream';
import type { ReleaseDefinition } from '../../../shared/releases.ts';
import type { FileSink } from './shard.ts';
import type { Encoder, Line } from './writer.ts';

/** Lines go on their way as soon as they have so many bytes together. */
const chunkBytes = 512 << 10;

/** Where the header of a gzip file names the system that wrote it, and what stands there for none (RFC 1952, 2.3.1). */
const gzipSystem = 9;
const noSystem = 255;

/** JSON Lines: a row a line, as they are or compressed. What is written depends on the rows alone. */
export class JsonLinesEncoder implements Encoder {
  readonly #target: Target;
  #lines = Buffer.allocUnsafe(2 * chunkBytes);
  #length = 0;
  /** Lines that are on their way to the file, while others are put together. */
  #leaving = Buffer.allocUnsafe(2 * chunkBytes);
  #written: Promise<void> = Promise.resolve();

  constructor(sink: FileSink, compression: ReleaseDefinition['compression']) {
    this.#target = compression === 'none' ? sink : new Compressed(sink, compression);
  }

  add({ json: line }: Line): number {
    // A UTF-16 code unit takes at most three bytes of UTF-8.
    const room = 3 * line.length + 1;
    if (this.#length + room > this.#lines.length) {
      const larger = Buffer.allocUnsafe(this.#length + room);
      this.#lines.copy(larger, 0, 0, this.#length);
      this.#lines = larger;
    }
    const bytes = this.#lines.write(line, this.#length);
    this.#lines[this.#length + bytes] = 0x0a;
    this.#length += bytes + 1;
    return bytes + 1;
  }

  get full(): boolean {
    return this.#length >= chunkBytes;
  }

  async drain(): Promise<void> {
    await this.#written;
    this.#written = this.#target.append(this.#lines.subarray(0, this.#length));
    // Who drains or ends next is told; until then a failure is nobody's surprise.
    this.#written.catch(() => undefined);
    [this.#lines, this.#leaving] = [this.#leaving, this.#lines];
    this.#length = 0;
  }

  async end(): Promise<void> {
    if (this.#length > 0) await this.drain();
    await this.#written;
    await this.#target.end?.();
  }

  abandon(): void {
    this.#target.abandon?.();
  }
}

interface Target {
  /** Resolves when the bytes may be overwritten. */
  append(bytes: Uint8Array): Promise<void>;
  end?(): Promise<void>;
  abandon?(): void;
}

/** Compresses on its way to the file, on another thread. */
class Compressed implements Target {
  readonly #through: Transform;
  readonly #arrived: Promise<void>;

  constructor(sink: FileSink, compression: 'gzip' | 'zstd') {
    this.#through =
      compression === 'gzip'
        ? createGzip({ level: 6 })
        : createZstdCompress({ params: { [constants.ZSTD_c_compressionLevel]: 3 } });
    this.#arrived = this.#copy(sink, compression === 'gzip');
    // Who writes or ends next is told; until then a failure is nobody's surprise.
    this.#arrived.catch(() => undefined);
  }

  async append(bytes: Uint8Array): Promise<void> {
    const taken = new Promise<void>((resolve, reject) =>
      this.#through.write(bytes, (error) => (error ? reject(error) : resolve())),
    );
    try {
      await Promise.race([this.#arrived, taken]);
    } catch (error) {
      // Where the file failed, that is the reason, and not that nobody takes what is compressed.
      await this.#arrived;
      throw error;
    }
  }

  async end(): Promise<void> {
    this.#through.end();
    await this.#arrived;
  }

  abandon(): void {
    this.#through.destroy();
  }

  async #copy(sink: FileSink, gzip: boolean): Promise<void> {
    let first = gzip;
    for await (const chunk of this.#through as AsyncIterable<Buffer>) {
      if (first) chunk[gzipSystem] = noSystem;
      first = false;
      await sink.append(chunk);
    }
  }
}
