import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { extract } from 'tar-stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readConfig } from '../../server/config.ts';
import { buildingFolder, type StoredFile, writeDocument } from '../../server/releases/files/publish.ts';
import { type S3Settings, s3Store } from '../../server/releases/files/s3.ts';
import { answerFile, archive, diskStore, type ReleaseStore } from '../../server/releases/files/store.ts';
import { type S3Server, startS3, type Trouble } from '../support/s3-server.ts';

const secret = 'a secret that nobody may see';
const release = { id: '0190-a', moment: new Date('2026-11-20T10:00:00.750Z'), root: 'feedback-1' };
/** More than one part of an upload. */
const large = Buffer.alloc(17_000_000, 'some bytes that are not all the same ');

let dataDir: string;
let s3: S3Server;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'duologue-store-'));
  s3 = await startS3();
});
afterEach(() => s3.trouble(null));
afterAll(async () => {
  await s3.close();
  await rm(dataDir, { recursive: true, force: true });
});

const settings = (): S3Settings => ({
  ...{ endpoint: s3.endpoint, region: 'eu-central-1', bucket: s3.bucket, prefix: 'team/duologue' },
  ...{ credentials: { id: 'an-id', secret }, forcePathStyle: true },
});
/** In milliseconds; how long is a matter of the machine, save where nothing ever comes. */
const patient = { connect: 20_000, answer: 30_000, silence: 30_000, tries: 2 };
const hasty = { ...patient, answer: 1_000, tries: 1 };
const onS3 = (changed: Partial<S3Settings> = {}, timing = patient): ReleaseStore =>
  s3Store({ ...settings(), ...changed }, dataDir, timing);

/** Builds a release: a card, and two files with rows. */
async function built(first: Buffer = large): Promise<StoredFile[]> {
  const folder = buildingFolder(dataDir, release.id);
  await mkdir(folder, { recursive: true });
  return [
    await writeDocument(folder, 'README.md', '# A card\n'),
    await writeDocument(folder, 'data/train-00000-of-00002.jsonl', first),
    await writeDocument(folder, 'data/train-00001-of-00002.jsonl', '{"a":1}\n'),
  ];
}

const building = async (): Promise<string[]> =>
  (await readdir(join(dataDir, 'releases'))).filter((name) => name.startsWith('.'));

describe.each([
  ['disk', () => diskStore(dataDir), null],
  ['S3', () => onS3(), `s3://datasets/team/duologue/${release.id}`],
] as const)('releases on %s', (_, open, address) => {
  it('are published, read in whole and in part, packed and removed', async () => {
    const store = open();
    const files = await built();
    const { sums, location } = await store.publish(release.id, files);
    expect(location).toBe(address);
    expect(await building()).toEqual([]);
    const all = [...files, sums];
    const train = 'data/train-00000-of-00002.jsonl';

    const whole = await answerFile(store, release.id, all, train, {});
    expect(whole).toMatchObject({
      status: 200,
      headers: {
        'Content-Length': large.length,
        'Content-Disposition': 'attachment; filename="train-00000-of-00002.jsonl"',
      },
    });
    expect((await buffer(whole.stream ?? Readable.from([]))).equals(large)).toBe(true);
    const part = await answerFile(store, release.id, all, train, { range: 'bytes=-5' });
    expect(part).toMatchObject({ status: 206, headers: { 'Content-Length': 5 } });
    expect(await buffer(part.stream ?? Readable.from([]))).toEqual(large.subarray(-5));
    expect((await answerFile(store, release.id, all, train, { range: 'bytes=90000000-' })).stream).toBeNull();
    const list = await buffer((await answerFile(store, release.id, all, 'SHA256SUMS', {})).stream ?? Readable.from([]));
    expect(list.toString()).toContain(`${createHash('sha256').update(large).digest('hex')}  ${train}\n`);

    const tar = await buffer(archive(store, release, all));
    expect((await buffer(archive(store, release, all))).equals(tar)).toBe(true);
    const entries = await unpack(tar);
    expect(entries.map(({ name }) => name)).toEqual(all.map(({ name }) => `feedback-1/${name}`).toSorted());
    expect(entries[0]).toMatchObject({ uid: 0, gid: 0, mtime: new Date('2026-11-20T10:00:00.000Z'), mode: 0o644 });
    for (const [index, file] of all.toSorted((a, b) => (a.name < b.name ? -1 : 1)).entries())
      expect(entries[index]?.sha256).toBe(file.sha256);

    await store.remove(release.id, all);
    await store.remove(release.id, all);
    await expect(store.openFile(release.id, sums, null)).rejects.toMatchObject({ code: 'not_found' });
    await expect(buffer(archive(store, release, all))).rejects.toMatchObject({ code: 'not_found' });
  });

  it('give no name that is not in the list of the release', async () => {
    const store = open();
    const files = await built(Buffer.from('x'));
    await store.publish(release.id, files);
    await writeFile(join(dataDir, 'secret'), 'nobody may read this');
    const names = [
      '../../secret',
      'data/../README.md',
      '/etc/passwd',
      'data',
      '',
      '.',
      'data\\train-00000-of-00002.jsonl',
      'README.md\u0000',
    ];
    for (const name of names)
      await expect(answerFile(store, release.id, files, name, {})).rejects.toMatchObject({ code: 'not_found' });
    await store.remove(release.id, files);
  });
});

it('an archive is not read faster than it is taken, and not further once nobody takes it', async () => {
  const store = diskStore(dataDir);
  const files = await built();
  await store.publish(release.id, files);
  let given = 0;
  let closed = 0;
  const counting: ReleaseStore = {
    ...store,
    async openFile(...wanted) {
      const stream = await store.openFile(...wanted);
      stream.on('data', (bytes: Buffer) => (given += bytes.length)).pause();
      stream.once('close', () => (closed += 1));
      return stream;
    },
  };
  const tar = archive(counting, release, files);
  for await (const _ of tar) break;
  const early = given;
  expect(early).toBeLessThan(4_000_000);
  await sleep(100);
  expect(given).toBe(early);
  expect(closed).toBe(1);
  expect(tar.destroyed).toBe(true);
  await store.remove(release.id, files);
});

async function unpack(tar: Buffer) {
  const entries = extract();
  Readable.from([tar]).pipe(entries);
  const found = [];
  for await (const entry of entries)
    found.push({
      ...entry.header,
      sha256: createHash('sha256')
        .update(await buffer(entry))
        .digest('hex'),
    });
  return found;
}

describe('S3', () => {
  it('is written in parts, and the hashes come last and go first', async () => {
    const files = await built();
    const from = s3.requests.length;
    const told: number[] = [];
    const { sums } = await onS3().publish(release.id, files, { onBytes: (bytes) => told.push(bytes) });
    const folder = `team/duologue/${release.id}`;
    const done = s3.requests.slice(from);
    expect(done.at(-1)).toBe(`PUT ${folder}/SHA256SUMS`);
    expect(done.filter((line) => line.includes('partNumber'))).toHaveLength(2);
    expect(told.at(-1)).toBe([...files, sums].reduce((sum, { bytes }) => sum + bytes, 0));
    const before = s3.requests.length;
    await onS3().remove(release.id, [...files, sums]);
    expect(s3.requests[before]).toBe(`DELETE ${folder}/SHA256SUMS`);
    expect(s3.objects.size).toBe(0);
  });

  const troubles: [string, Trouble, string, RegExp][] = [
    [
      'denies',
      { status: 403, code: 'AccessDenied' },
      'unavailable',
      /Access to the bucket datasets at http.* was denied/,
    ],
    ['does not know the key', { status: 403, code: 'SignatureDoesNotMatch' }, 'unavailable', /was denied/],
    ['has no such bucket', { status: 404, code: 'NoSuchBucket' }, 'unavailable', /There is no bucket datasets at http/],
    ['is elsewhere', { status: 301, code: 'PermanentRedirect' }, 'unavailable', /another region: set S3_REGION/],
    [
      'fails',
      { status: 500, code: 'InternalError' },
      'unavailable',
      /bucket datasets at http.* refused.*InternalError/,
    ],
    ['is full', { status: 507, code: 'XMinioStorageFull' }, 'storage_full', /no room left in the bucket datasets/],
    ['is silent', 'silent', 'unavailable', /bucket datasets at http.* cannot be reached/],
    ['breaks off', 'broken', 'unavailable', /bucket datasets at http.* cannot be reached/],
  ];
  it.each(troubles)('that %s (%j) refuses in words, and leaves nothing', async (_, trouble, code, words) => {
    const files = await built();
    // Only what is written second fails, in its second part; so does what would finish it.
    s3.trouble((line) => (/train-00000.*partNumber=2$/.test(line) ? trouble : null));
    const failure = await onS3({}, trouble === 'silent' ? hasty : patient)
      .publish(release.id, files)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, message: expect.stringMatching(words) as string });
    expect(String(failure)).not.toContain(secret);
    expect(await building()).toEqual([]);
    expect([s3.objects.size, s3.openUploads]).toEqual([0, 0]);
  });

  it('that is not there refuses in words', async () => {
    const wrong: [Partial<S3Settings>, RegExp][] = [
      [{ bucket: 'others' }, /There is no bucket others at http/],
      [{ endpoint: 'http://127.0.0.1:9' }, /bucket datasets at http:\/\/127.0.0.1:9 cannot be reached.*ECONNREFUSED/],
      [{ endpoint: 'http://nowhere.invalid' }, /at http:\/\/nowhere.invalid cannot be reached/],
    ];
    for (const [changed, words] of wrong) {
      const files = await built(Buffer.from('x'));
      await expect(onS3(changed).publish(release.id, files)).rejects.toThrow(words);
      await expect(onS3(changed).remove(release.id, files)).rejects.toThrow(words);
    }
  });

  it('that breaks off while it is read ends the download, and the archive', async () => {
    const files = await built();
    const { sums } = await onS3().publish(release.id, files);
    s3.trouble((line) => (line.startsWith('GET') ? 'broken' : null));
    const { stream } = await answerFile(onS3(), release.id, files, 'data/train-00000-of-00002.jsonl', {});
    await expect(buffer(stream ?? Readable.from([]))).rejects.toThrow();
    await expect(buffer(archive(onS3(), release, files))).rejects.toThrow();
    s3.trouble((line) => (line.startsWith('GET') ? { status: 403, code: 'AccessDenied' } : null));
    await expect(onS3().openFile(release.id, sums, null)).rejects.toThrow(/was denied/);
    s3.trouble(null);
    await onS3().remove(release.id, [...files, sums]);
  });

  it('is left off when it is stopped, and what is built stays for another try', async () => {
    const files = await built();
    const stop = new AbortController();
    s3.trouble((line) => {
      if (!line.endsWith('partNumber=2')) return null;
      stop.abort(new Error('the server stops'));
      return 'silent';
    });
    await expect(onS3().publish(release.id, files, { signal: stop.signal })).rejects.toThrow('the server stops');
    s3.trouble(null);
    expect(await building()).toHaveLength(1);
    expect(s3.objects.size).toBe(0);
    const { sums } = await onS3().publish(release.id, files);
    await onS3().remove(release.id, [...files, sums]);
  });
});

it('the settings of S3 are read from the environment', () => {
  expect(readConfig({}).s3).toBeNull();
  expect(readConfig({ S3_BUCKET: 'b', S3_PREFIX: '/a/b/' }).s3).toEqual({
    ...{ endpoint: null, region: 'us-east-1', bucket: 'b', prefix: 'a/b', credentials: null, forcePathStyle: false },
  });
  const own = { S3_BUCKET: 'b', S3_ENDPOINT: 'http://minio:9000', S3_ACCESS_KEY_ID: 'i', S3_SECRET_ACCESS_KEY: 's' };
  expect(readConfig(own).s3).toMatchObject({ forcePathStyle: true, credentials: { id: 'i', secret: 's' } });
  expect(() => readConfig({ S3_ENDPOINT: 'http://minio:9000' })).toThrow('S3_BUCKET is needed');
  expect(() => readConfig({ S3_BUCKET: 'b', S3_ACCESS_KEY_ID: 'i' })).toThrow('go together');
});
