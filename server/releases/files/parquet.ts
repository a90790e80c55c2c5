import { setImmediate as breathe } from 'node:timers/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import type { ColumnChunk, RowGroup } from 'hyparquet';
import type { Field } from '../examples.ts';
import { Columns, type Leaf } from './columns.ts';
import type { Encoder, Line } from './writer.ts';
import type { FileSink } from './shard.ts';

/** A row group is ended at the first row with which its values have so many bytes, before compression. */
const rowGroupBytes = 8 << 20;

/** Fast rather than small: the rows are mostly text that is written once, and the next level takes twice the time. */
const zstd = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

const magic = Buffer.from('PAR1');

/**
 * Parquet: data pages of the second version, PLAIN values, ZSTD, no dictionaries and no statistics, which say nothing of
 * text. A column's pages are compressed as they fill and kept until their row group is whole; no more than that is held.
 */
export class ParquetEncoder implements Encoder {
  readonly #sink: FileSink;
  readonly #columns: Columns;
  readonly #chunks: Chunk[];
  readonly #groups: RowGroup[] = [];
  readonly #frames = new Frames();
  /** Those whose page is full. */
  readonly #due = new Set<Chunk>();
  #groupBytes = 0;
  #groupRows = 0;
  #rows = 0;
  /** A place in the file. */
  #offset = 0;

  constructor(sink: FileSink, fields: readonly Field[]) {
    this.#sink = sink;
    this.#columns = new Columns(fields);
    this.#chunks = this.#columns.leaves.map((leaf) => new Chunk(leaf));
  }

  add({ row }: Line): number {
    const bytes = this.#columns.add(row);
    for (const chunk of this.#chunks) if (chunk.endRow()) this.#due.add(chunk);
    this.#groupRows += 1;
    this.#groupBytes += bytes;
    return bytes;
  }

  get full(): boolean {
    return this.#due.size > 0 || this.#groupBytes >= rowGroupBytes;
  }

  async drain(): Promise<void> {
    for (const chunk of this.#due) await chunk.endPage(this.#frames);
    this.#due.clear();
    if (this.#groupBytes >= rowGroupBytes) await this.#endGroup();
  }

  async #endGroup(): Promise<void> {
    if (this.#offset === 0) await this.#append(magic);
    if (this.#groupRows === 0) return;
    const start = this.#offset;
    const columns: ColumnChunk[] = [];
    for (const chunk of this.#chunks) {
      await chunk.endPage(this.#frames);
      const { column, pages } = chunk.take(this.#offset);
      columns.push(column);
      await this.#append(pages);
    }
    this.#groups.push({
      columns,
      num_rows: BigInt(this.#groupRows),
      total_byte_size: columns.reduce((sum, { meta_data }) => sum + (meta_data?.total_uncompressed_size ?? 0n), 0n),
      total_compressed_size: BigInt(this.#offset - start),
    });
    this.#rows += this.#groupRows;
    this.#groupRows = this.#groupBytes = 0;
  }

  async end(): Promise<void> {
    await this.#endGroup();
    const footer = new ByteWriter();
    writeMetadata(footer, {
      version: 2,
      created_by: 'duologue',
      schema: [...this.#columns.schema],
      num_rows: BigInt(this.#rows),
      row_groups: this.#groups,
      // It is told after the metadata, by `writeMetadata`; here it is not looked at.
      metadata_length: 0,
    });
    footer.appendBytes(magic);
    await this.#append(footer.getBytes());
    this.#frames.close();
  }

  abandon(): void {
    this.#frames.close();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    await this.#sink.append(bytes);
    this.#offset += bytes.length;
  }
}

/** What a row group holds of one column. */
class Chunk {
  readonly #leaf: Leaf;
  /** Its pages one after the other. The same memory serves all row groups: were it new for each, it would outlive them by far. */
  #pages = Buffer.allocUnsafe(1 << 16);
  #length = 0;
  #values = 0;
  #uncompressed = 0;

  constructor(leaf: Leaf) {
    this.#leaf = leaf;
  }

  /** True where the page is full. */
  endRow(): boolean {
    return this.#leaf.endRow();
  }

  /** What was collected since the last time, for a place in the file. Valid until a row is added. */
  take(offset: number): { column: ColumnChunk; pages: Uint8Array } {
    const pages = this.#pages.subarray(0, this.#length);
    const column: ColumnChunk = {
      file_offset: BigInt(offset),
      meta_data: {
        type: this.#leaf.type,
        encodings: ['PLAIN', 'RLE'],
        path_in_schema: [...this.#leaf.path],
        codec: 'ZSTD',
        num_values: BigInt(this.#values),
        total_uncompressed_size: BigInt(this.#uncompressed),
        total_compressed_size: BigInt(pages.length),
        data_page_offset: BigInt(offset),
      },
    };
    this.#length = this.#values = this.#uncompressed = 0;
    return { column, pages };
  }

  /** Compresses what the leaf holds. No row may be added before it is done. */
  async endPage(frames: Frames): Promise<void> {
    const page = this.#leaf.takePage();
    if (!page) return;
    const pieces = await frames.compress(page.values);
    const header = new ByteWriter(64);
    const uncompressed = page.levels.length + page.values.length;
    writePageHeader(header, {
      type: 'DATA_PAGE_V2',
      uncompressed_page_size: uncompressed,
      compressed_page_size: pieces.reduce((sum, { length }) => sum + length, page.levels.length),
      data_page_header_v2: {
        num_values: page.count,
        num_nulls: page.nulls,
        num_rows: page.rows,
        encoding: 'PLAIN',
        definition_levels_byte_length: page.definitionBytes,
        repetition_levels_byte_length: page.repetitionBytes,
        is_compressed: true,
      },
    });
    for (const piece of [header.getBytes(), page.levels, ...pieces]) this.#hold(piece);
    this.#values += page.count;
    this.#uncompressed += header.offset + uncompressed;
  }

  #hold(piece: Uint8Array): void {
    if (this.#length + piece.length > this.#pages.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.#pages.length * 2, this.#length + piece.length));
      this.#pages.copy(larger, 0, 0, this.#length);
      this.#pages = larger;
    }
    this.#pages.set(piece, this.#length);
    this.#length += piece.length;
  }
}

/**
 * Compresses one page after the other, on another thread. All by one compressor, since the memory of a new one for each page
 * comes back late: a page is a frame, which the compressor ends when it is told to.
 */
class Frames {
  readonly #through = createZstdCompress(zstd);
  #pieces: Buffer[] = [];

  constructor() {
    this.#through.on('data', (piece: Buffer) => this.#pieces.push(piece));
  }

  async compress(bytes: Uint8Array): Promise<Buffer[]> {
    await new Promise<void>((resolve, reject) => {
      this.#through.once('error', reject);
      this.#through.write(bytes);
      this.#through.flush(constants.ZSTD_e_end, () => {
        this.#through.off('error', reject);
        resolve();
      });
    });
    while (this.#through.readableLength > 0) await breathe();
    return this.#pieces.splice(0);
  }

  close(): void {
    this.#through.destroy();
  }
}
