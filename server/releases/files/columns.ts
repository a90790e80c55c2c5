import { ByteWriter } from 'hyparquet-writer';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';
import type { SchemaElement } from 'hyparquet';
import type { Field, FieldType, Json } from '../examples.ts';

/*
 * How nested rows become the columns of a Parquet file: each value of a leaf goes with a definition level (how much of its
 * path is there) and a repetition level (which of the lists it continues). The record shredding of "Dremel: Interactive
 * Analysis of Web-Scale Datasets" (2010), as https://parquet.apache.org/docs/file-format/nestedencoding/ states it for Parquet.
 */

/** What a page of a column holds so far may be so many bytes, in so many rows; then it is compressed and written. */
const pageBytes = 1 << 20;
const pageRows = 20_000;

/** What has no fixed type has no column. */
type LeafType = Exclude<Extract<FieldType, string>, 'json'>;

const physical = {
  string: { type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
  int64: { type: 'INT64' },
  float64: { type: 'DOUBLE' },
  bool: { type: 'BOOLEAN' },
} as const satisfies Record<LeafType, Partial<SchemaElement>>;

/** A page, ready to be compressed. */
export interface Page {
  /** Repetition levels, then definition levels; a reader needs them without decompressing. */
  readonly levels: Uint8Array;
  readonly repetitionBytes: number;
  readonly definitionBytes: number;
  /** Of those that are there, in PLAIN encoding. Valid until something is added to the column. */
  readonly values: Uint8Array;
  readonly count: number;
  readonly nulls: number;
  readonly rows: number;
}

/** One leaf of the schema, and what its next page will hold. */
export class Leaf {
  readonly path: readonly string[];
  readonly type: (typeof physical)[LeafType]['type'];
  readonly #kind: LeafType;
  readonly #maxRepetition: number;
  readonly #maxDefinition: number;
  #repetitions: number[] = [];
  #definitions: number[] = [];
  #values = Buffer.allocUnsafe(1 << 16);
  #length = 0;
  /** Values so far, of which eight fit in a byte where they are truth values. */
  #there = 0;
  #entries = 0;
  #rows = 0;

  constructor(kind: LeafType, path: readonly string[], maxRepetition: number, maxDefinition: number) {
    this.#kind = kind;
    this.path = path;
    this.type = physical[kind].type;
    this.#maxRepetition = maxRepetition;
    this.#maxDefinition = maxDefinition;
  }

  absent(repetition: number, definition: number): void {
    this.#level(repetition, definition);
  }

  /** Adds a value; answers with the bytes that it takes. Throws where it is none of the column's type. */
  add(value: Json, repetition: number): number {
    this.#level(repetition, this.#maxDefinition);
    this.#there += 1;
    if (this.#kind === 'string' && typeof value === 'string') return this.#addText(value);
    if (this.#kind === 'bool' && typeof value === 'boolean') return this.#addTruth(value);
    if (this.#kind === 'float64' && typeof value === 'number') {
      this.#ensure(8);
      this.#length = this.#values.writeDoubleLE(value, this.#length);
      return 8;
    }
    if (this.#kind === 'int64' && Number.isSafeInteger(value)) {
      this.#ensure(8);
      this.#length = this.#values.writeBigInt64LE(BigInt(Number(value)), this.#length);
      return 8;
    }
    throw new TypeError(`${this.path.join('.')} is ${this.#kind}, and does not take ${typeof value}`);
  }

  endRow(): boolean {
    this.#rows += 1;
    return this.#length >= pageBytes || this.#rows >= pageRows;
  }

  /** What was added since the last page; null where that is nothing. */
  takePage(): Page | null {
    if (this.#rows === 0) return null;
    const levels = new ByteWriter(256);
    const repetitionBytes = writeLevels(levels, this.#repetitions, this.#maxRepetition);
    const page = {
      repetitionBytes,
      definitionBytes: writeLevels(levels, this.#definitions, this.#maxDefinition),
      levels: levels.getBytes(),
      values: this.#values.subarray(0, this.#length),
      count: this.#entries,
      nulls: this.#entries - this.#there,
      rows: this.#rows,
    };
    this.#repetitions = [];
    this.#definitions = [];
    this.#length = this.#there = this.#entries = this.#rows = 0;
    return page;
  }

  #level(repetition: number, definition: number): void {
    if (this.#maxRepetition > 0) this.#repetitions.push(repetition);
    if (this.#maxDefinition > 0) this.#definitions.push(definition);
    this.#entries += 1;
  }

  #addText(value: string): number {
    // A UTF-16 code unit takes at most three bytes of UTF-8.
    this.#ensure(4 + 3 * value.length);
    const bytes = this.#values.write(value, this.#length + 4);
    this.#values.writeUInt32LE(bytes, this.#length);
    this.#length += 4 + bytes;
    return 4 + bytes;
  }

  #addTruth(value: boolean): number {
    const bit = (this.#there - 1) % 8;
    if (bit === 0) {
      this.#ensure(1);
      this.#values[this.#length++] = 0;
    }
    if (value) this.#values[this.#length - 1] = (this.#values[this.#length - 1] ?? 0) | (1 << bit);
    return 1;
  }

  #ensure(bytes: number): void {
    if (this.#length + bytes <= this.#values.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#values.length * 2, this.#length + bytes));
    this.#values.copy(larger, 0, 0, this.#length);
    this.#values = larger;
  }
}

function writeLevels(writer: ByteWriter, levels: number[], max: number): number {
  return max > 0 ? writeRleBitPackedHybrid(writer, levels, 32 - Math.clz32(max)) : 0;
}

/** Adds a value, or what is not there at this place, to the leaves below; answers with the bytes that it takes. */
interface Node {
  add(value: Json | undefined, repetition: number, definition: number): number;
  absent(repetition: number, definition: number): void;
}

/** The columns for rows of these fields. */
export class Columns {
  readonly leaves: readonly Leaf[];
  /** As the footer states it: the elements of the tree, parents before children. */
  readonly schema: readonly SchemaElement[];
  readonly #nodes: readonly (readonly [string, Node])[];

  constructor(fields: readonly Field[]) {
    const leaves: Leaf[] = [];
    const schema: SchemaElement[] = [{ name: 'schema', num_children: fields.length }];
    this.#nodes = fields.map((field) => [field.name, build(field, [], 0, 0, leaves, schema)]);
    this.leaves = leaves;
    this.schema = schema;
  }

  /** Adds a row; answers with the bytes of its values before compression. */
  add(row: { readonly [column: string]: Json }): number {
    let bytes = 0;
    for (const [name, node] of this.#nodes) bytes += node.add(row[name], 0, 0);
    return bytes;
  }
}

type Place = Pick<Field, 'name' | 'type' | 'nullable'>;

function build(
  { name, type, nullable }: Place,
  above: readonly string[],
  repetition: number,
  definition: number,
  leaves: Leaf[],
  schema: SchemaElement[],
): Node {
  const path = [...above, name];
  const repetition_type = nullable ? 'OPTIONAL' : 'REQUIRED';
  const own = nullable ? definition + 1 : definition;
  let node: Node;
  if (type === 'json') throw new TypeError(`${path.join('.')} has no fixed type, and no column`);
  if (typeof type === 'string') {
    schema.push({ name, repetition_type, ...physical[type] });
    node = leafNode(type, path, repetition, own, leaves);
  } else if ('list' in type) {
    schema.push({ name, repetition_type, num_children: 1, converted_type: 'LIST', logical_type: { type: 'LIST' } });
    schema.push({ name: 'list', repetition_type: 'REPEATED', num_children: 1 });
    const element = { name: 'element', type: type.list, nullable: false };
    node = listNode(build(element, [...path, 'list'], repetition + 1, own + 1, leaves, schema), path, repetition + 1);
  } else {
    schema.push({ name, repetition_type, num_children: type.struct.length });
    const members = type.struct.map(
      (member) => [member.name, build(member, path, repetition, own, leaves, schema)] as const,
    );
    node = structNode(members, path);
  }
  return optional(node, nullable, path);
}

/** A node that may be, or must not be, without a value. */
function optional(inner: Node, nullable: boolean, path: readonly string[]): Node {
  return {
    absent: (repetition, definition) => inner.absent(repetition, definition),
    add(value, repetition, definition) {
      if (value !== null && value !== undefined)
        return inner.add(value, repetition, nullable ? definition + 1 : definition);
      if (!nullable) throw new TypeError(`${path.join('.')} must not be null`);
      inner.absent(repetition, definition);
      return 0;
    },
  };
}

function leafNode(type: LeafType, path: string[], repetition: number, definition: number, leaves: Leaf[]): Node {
  const leaf = new Leaf(type, path, repetition, definition);
  leaves.push(leaf);
  return {
    absent: (at, defined) => leaf.absent(at, defined),
    add: (value, at) => leaf.add(value ?? null, at),
  };
}

function listNode(element: Node, path: readonly string[], ownRepetition: number): Node {
  return {
    absent: (repetition, definition) => element.absent(repetition, definition),
    add(value, repetition, definition) {
      if (!isList(value)) throw new TypeError(`${path.join('.')} is a list`);
      if (value.length === 0) element.absent(repetition, definition);
      let bytes = 0;
      let at = repetition;
      for (const one of value) {
        bytes += element.add(one, at, definition + 1);
        at = ownRepetition;
      }
      return bytes;
    },
  };
}

function structNode(members: readonly (readonly [string, Node])[], path: readonly string[]): Node {
  return {
    absent(repetition, definition) {
      for (const [, member] of members) member.absent(repetition, definition);
    },
    add(value, repetition, definition) {
      if (typeof value !== 'object' || value === null || isList(value))
        throw new TypeError(`${path.join('.')} is a struct`);
      let bytes = 0;
      for (const [name, member] of members) bytes += member.add(value[name], repetition, definition);
      return bytes;
    },
  };
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
