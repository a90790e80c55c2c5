import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Field, FieldType, Json, Row } from '../../server/releases/examples.ts';
import { buildingFolder, publishFolder, writeDocument, writeSums } from '../../server/releases/files/publish.ts';
import { completed, type ShardFile } from '../../server/releases/files/shard.ts';
import { lineOf, openSplit, type SplitOptions } from '../../server/releases/files/writer.ts';
import { findOnPath } from '../support/programs.ts';
import { dialogueFields, dialogueRow } from '../support/release-rows.ts';

let root: string;
let folders = 0;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'duologue-files-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

const newFolder = (): string => join(root, `${(folders += 1)}`);

type Kind = Pick<SplitOptions, 'container' | 'compression'>;
const kinds: readonly Kind[] = [
  { container: 'jsonl', compression: 'none' },
  { container: 'jsonl', compression: 'gzip' },
  { container: 'jsonl', compression: 'zstd' },
  { container: 'parquet', compression: 'none' },
];
const named = ({ container, compression }: Kind): string => [container, compression].join(' ');

/** Writes rows in pages of `page` rows, and answers with the files. */
async function write(
  kind: Kind,
  rows: readonly Row[],
  {
    folder = newFolder(),
    fields = dialogueFields,
    shardBytes = 1e9,
    page = 100,
    ...rest
  }: Partial<SplitOptions> & { page?: number } = {},
): Promise<{ folder: string; files: ShardFile[] }> {
  const writer = await openSplit({ folder, name: 'data/train', fields, shardBytes, ...kind, ...rest });
  try {
    for (let at = 0; at < rows.length; at += page) await writer.write(rows.slice(at, at + page).map(lineOf));
  } catch (error) {
    await writer.abort();
    throw error;
  }
  expect(writer.rows).toBe(rows.length);
  const files = await writer.finish();
  expect(writer.bytes).toBe(files.reduce((sum, { bytes }) => sum + bytes, 0));
  return { folder, files };
}

/** The rows of a file, as a reader has them that nobody here wrote. */
async function read(folder: string, { name, bytes, sha256, rows }: ShardFile): Promise<Row[]> {
  const content = await readFile(join(folder, name));
  expect(content.length).toBe(bytes);
  expect(createHash('sha256').update(content).digest('hex')).toBe(sha256);
  const found = name.endsWith('.parquet') ? await readParquet(content) : readLines(name, content);
  expect(found.length).toBe(rows);
  return found;
}

const anyObject = z.record(z.string(), z.json());

function readLines(name: string, content: Buffer): Row[] {
  const open = { jsonl: (bytes: Buffer) => bytes, gz: gunzipSync, zst: zstdDecompressSync };
  const text = open[name.slice(name.lastIndexOf('.') + 1) as keyof typeof open](content).toString();
  return text
    .trimEnd()
    .split('\n')
    .map((line) => anyObject.parse(JSON.parse(line)));
}

async function readParquet(content: Buffer): Promise<Row[]> {
  const file = new Uint8Array(content).buffer;
  const rows = await parquetReadObjects({ file, compressors: { ZSTD: (bytes) => zstdDecompressSync(bytes) } });
  return rows.map((row) => plain(row) as Row);
}

/** INT64 is read as bigint, and what is absent as undefined; JSON knows neither. */
function plain(value: unknown): Json {
  if (typeof value === 'bigint') return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]));
  return value === undefined ? null : (value as Json);
}

const dialogues = (count: number): Row[] => Array.from({ length: count }, (_, n) => dialogueRow(n));

describe.each(kinds)('a split as $container, $compression', (kind) => {
  it('ends a shard with the row that fills it, and reads back as it was', async () => {
    const rows = dialogues(1_000);
    const { folder, files } = await write(kind, rows, { shardBytes: 150_000 });
    expect(files.length).toBeGreaterThan(2);
    const total = String(files.length).padStart(5, '0');
    const ending =
      kind.container === 'parquet'
        ? 'parquet'
        : { none: 'jsonl', gzip: 'jsonl.gz', zstd: 'jsonl.zst' }[kind.compression];
    expect(files.map(({ name }) => name)).toEqual(
      files.map((_, index) => `data/train-${String(index).padStart(5, '0')}-of-${total}.${ending}`),
    );
    const found = await Promise.all(files.map((file) => read(folder, file)));
    expect(found.flat()).toEqual(rows);
  });

  it('makes the same bytes whatever pages the rows come in', async () => {
    const rows = dialogues(700);
    const sizes = { shardBytes: 200_000 };
    const { files } = await write(kind, rows, { ...sizes, page: 1 });
    expect((await write(kind, rows, { ...sizes, page: 333 })).files).toEqual(files);
    expect((await write(kind, rows, { ...sizes, page: 700 })).files).toEqual(files);
  });

  it('makes no file without rows', async () => {
    const { folder, files } = await write(kind, []);
    expect(files).toEqual([]);
    expect(await readdir(join(folder, 'data'))).toEqual([]);
  });

  it('keeps completed shards when it is aborted, and goes on from them to the same bytes', async () => {
    const rows = dialogues(900);
    const sizes = { shardBytes: 150_000 };
    const { files } = await write(kind, rows, sizes);
    const folder = newFolder();
    const writer = await openSplit({ folder, name: 'data/train', fields: dialogueFields, ...kind, ...sizes });
    await writer.write(rows.slice(0, 600).map(lineOf));
    await writer.abort();
    const before = (await completed(folder)).get('data/train') ?? [];
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(files.length);
    expect((await write(kind, rows, { ...sizes, folder, resume: before })).files).toEqual(files);
  });
});

it('gzip names no system and no time', async () => {
  const { folder, files } = await write({ container: 'jsonl', compression: 'gzip' }, dialogues(1));
  const [file] = files;
  const header = (await readFile(join(folder, file?.name ?? ''))).subarray(0, 10);
  expect([...header.subarray(4, 8)]).toEqual([0, 0, 0, 0]);
  expect(header[9]).toBe(255);
});

it('Parquet has a column for each leaf, in row groups and pages of a bounded size', async () => {
  const rows = Array.from({ length: 9_000 }, (_, n) => ({ ...dialogueRow(n), text: `${n} `.repeat(800) }));
  const fields = [...dialogueFields, { name: 'text', type: 'string', nullable: false, about: '' } as const];
  const { folder, files } = await write({ container: 'parquet', compression: 'none' }, rows, { fields });
  const [file] = files;
  if (!file) throw new Error('no file');
  const { schema, row_groups, created_by } = parquetMetadata(
    new Uint8Array(await readFile(join(folder, file.name))).buffer,
  );
  expect(created_by).toBe('duologue');
  expect(schema.slice(1, 4)).toMatchObject([
    { name: 'messages', repetition_type: 'REQUIRED', converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED' },
    { name: 'element', repetition_type: 'REQUIRED', num_children: 2 },
  ]);
  expect(row_groups.length).toBeGreaterThan(1);
  for (const group of row_groups) expect(Number(group.total_byte_size)).toBeLessThan(9 << 20);
  expect(await read(folder, file)).toEqual(rows);
});

it('refuses rows that are not as their fields say', async () => {
  const parquet = { container: 'parquet', compression: 'none' } as const;
  const field = (type: FieldType): Field[] => [{ name: 'a', type, nullable: false, about: '' }];
  await expect(write(parquet, [{ a: null }], { fields: field('string') })).rejects.toThrow('a must not be null');
  await expect(write(parquet, [{ a: 0.5 }], { fields: field('int64') })).rejects.toThrow('a is int64');
  await expect(write(parquet, [{ a: 'x' }], { fields: field({ list: 'string' }) })).rejects.toThrow('a is a list');
  await expect(write(parquet, [{ a: 1 }], { fields: field('json') })).rejects.toThrow('no column');
});

// ---- any rows of any fields ----

const anyType: fc.Arbitrary<FieldType> = fc.letrec<{ type: FieldType; struct: FieldType }>((tie) => ({
  type: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<FieldType>('string', 'int64', 'float64', 'bool'),
    tie('type').map((list) => ({ list })),
    tie('struct'),
  ),
  struct: fc.array(fc.tuple(tie('type'), fc.boolean()), { minLength: 1, maxLength: 3 }).map((members) => ({
    struct: members.map(([type, nullable], n) => ({ name: `m${n}`, type, nullable, about: '' })),
  })),
})).type;

const anyFields = fc
  .array(fc.tuple(anyType, fc.boolean()), { minLength: 1, maxLength: 4 })
  .map((columns) => columns.map(([type, nullable], n): Field => ({ name: `c${n}`, type, nullable, about: '' })));

function anyValue(type: FieldType, nullable: boolean): fc.Arbitrary<Json> {
  if (nullable) return fc.option(anyValue(type, false), { freq: 3 });
  if (typeof type !== 'string')
    return 'list' in type ? fc.array(anyValue(type.list, false), { maxLength: 4 }) : anyRow(type.struct);
  return {
    string: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'é', '漢字', '\u{1F600}', '\u0000', '\n"\\')),
    int64: fc.maxSafeInteger(),
    float64: fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    bool: fc.boolean(),
    json: fc.constant(null),
  }[type];
}

const anyRow = (fields: readonly Field[]): fc.Arbitrary<Row> =>
  fc.record(Object.fromEntries(fields.map(({ name, type, nullable }) => [name, anyValue(type, nullable)])));

it('reads back any rows of any fields, in every container', async () => {
  const any = anyFields.chain((fields) =>
    fc.tuple(fc.constant(fields), fc.array(anyRow(fields), { minLength: 1, maxLength: 30 })),
  );
  await fc.assert(
    fc.asyncProperty(any, fc.constantFrom(...kinds), async ([fields, rows], kind) => {
      const { folder, files } = await write(kind, rows, { fields, page: 7, shardBytes: 400 });
      const found = await Promise.all(files.map((file) => read(folder, file)));
      expect(found.flat()).toEqual(rows.map(plain));
    }),
    { numRuns: 100 },
  );
});

// ---- crashes ----

const program = fileURLToPath(new URL('../support/release-writing.ts', import.meta.url));

it.each(kinds)(
  'a process killed in the middle leaves what another goes on from: $container, $compression',
  async (kind) => {
    const rows = dialogues(3_000);
    const sizes = { shardBytes: 100_000 };
    const { folder: whole, files } = await write(kind, rows, sizes);
    const folder = newFolder();
    const child = spawn(
      process.execPath,
      [program, folder, kind.container, kind.compression, String(sizes.shardBytes)],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    // It writes without end, and tells of each page.
    for (let told = 0; told < 1_000;) told += String((await once(child.stdout, 'data'))[0]).length;
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect((await readdir(join(folder, 'data'))).filter((name) => name.includes('-of-'))).toEqual([]);

    const before = (await completed(folder)).get('data/train') ?? [];
    expect(before.length).toBeGreaterThan(0);
    const enough = before.filter((_, index) => index < files.length - 1);
    expect((await write(kind, rows, { ...sizes, folder, resume: enough })).files).toEqual(files);
    for (const { name } of files)
      expect((await readFile(join(folder, name))).equals(await readFile(join(whole, name)))).toBe(true);
  },
);

it('goes on from shards that had their names when it was interrupted, and from none that was tampered with', async () => {
  const rows = dialogues(1_000);
  const kind = kinds[0] ?? { container: 'jsonl', compression: 'none' };
  const { folder, files } = await write(kind, rows, { shardBytes: 100_000 });
  await writeDocument(folder, 'README.md', 'half a card');
  const [first] = await Promise.all([stat(join(folder, files[0]?.name ?? ''))]);
  const before = (await completed(folder)).get('data/train') ?? [];
  expect(before.map(({ rows: count }) => count)).toEqual(files.map(({ rows: count }) => count));
  expect(await readdir(folder)).toEqual(['data']);

  const second = join(folder, 'data/train-00001.part');
  const bytes = await readFile(second);
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  await writeFile(second, bytes);
  const left = (await completed(folder)).get('data/train') ?? [];
  expect(left).toHaveLength(1);
  expect(left[0]?.bytes).toBe(first.size);
  expect((await write(kind, rows, { shardBytes: 100_000, folder, resume: left })).files).toEqual(files);
  expect(await completed(join(root, 'nothing'))).toEqual(new Map());
});

// ---- publishing ----

/** A release that is built and not yet published. */
async function built(dataDir: string, id: string, count = 500) {
  const folder = buildingFolder(dataDir, id);
  await mkdir(folder, { recursive: true });
  const kind = { container: 'jsonl', compression: 'gzip' } as const;
  const { files } = await write(kind, dialogues(count), { folder, shardBytes: 60_000 });
  return { folder, files: [...files, await writeDocument(folder, 'README.md', '# A card\n')] };
}

it('publishes a folder in one step, with hashes that sha256sum accepts', async () => {
  const dataDir = newFolder();
  const { folder, files } = await built(dataDir, 'r1');
  const sums = await writeSums(folder, files);
  const final = join(dataDir, 'releases', 'r1');
  await publishFolder(folder, final);
  expect(await readdir(join(dataDir, 'releases'))).toEqual(['r1']);
  expect((await readdir(final)).toSorted()).toEqual(['README.md', 'SHA256SUMS', 'data']);
  expect((await readdir(join(final, 'data'))).every((name) => name.endsWith('.jsonl.gz'))).toBe(true);
  const lines = (await readFile(join(final, 'SHA256SUMS'), 'utf8')).trimEnd().split('\n');
  expect(lines.map((line) => line.slice(66))).toEqual(files.map(({ name }) => name).toSorted());
  const sha256sum = await findOnPath(['sha256sum']);
  if (sha256sum) await promisify(execFile)(sha256sum, ['--strict', '-c', 'SHA256SUMS'], { cwd: final });

  // Built again, it takes the place of what is there, and is the same.
  const again = await built(dataDir, 'r1');
  expect(await writeSums(again.folder, again.files)).toEqual(sums);
  await publishFolder(again.folder, final);
  expect(await readdir(join(dataDir, 'releases'))).toEqual(['r1']);
});

it('publishes nothing that is not whole', async () => {
  const dataDir = newFolder();
  const { folder, files } = await built(dataDir, 'r2');
  await expect(writeSums(folder, files.slice(1))).rejects.toThrow('the folder holds');
  await writeFile(join(folder, 'README.md'), '# A');
  await expect(writeSums(folder, files)).rejects.toThrow('README.md has not 9 bytes');
});

it.runIf(process.platform === 'linux')('says so where there is no room', async () => {
  // /dev/full takes nothing: every write to it ends with ENOSPC.
  const folder = newFolder();
  await mkdir(join(folder, 'data'), { recursive: true });
  const { symlink } = await import('node:fs/promises');
  for (const kind of kinds) {
    await symlink('/dev/full', join(folder, 'data/train-00000.part'));
    const writer = await openSplit({ folder, name: 'data/train', fields: dialogueFields, shardBytes: 50_000, ...kind });
    const filling = async () => {
      for (let page = 0; page < 20; page += 1) await writer.write(dialogues(200).map(lineOf));
      await writer.finish();
    };
    await expect(filling(), named(kind)).rejects.toMatchObject({ code: 'storage_full' });
    await writer.abort();
    expect(await readdir(join(folder, 'data'))).toEqual([]);
  }
  await symlink('/dev/full', join(folder, 'README.md'));
  await expect(writeDocument(folder, 'README.md', 'card')).rejects.toMatchObject({ code: 'storage_full' });
});
