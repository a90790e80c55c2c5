import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { importLines } from '../../shared/imports.ts';
import { createRelease, deleteRelease, releaseChoices } from '../../shared/releases.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { ended, fileOf } from '../support/release.ts';
import { type S3Server, startS3 } from '../support/s3-server.ts';
import { projectWith } from '../support/work.ts';

let t: TestApp;
let s3: S3Server;
let admin: Caller;
let projectId: string;

beforeAll(async () => {
  s3 = await startS3();
  const credentials = { id: 'an-id', secret: 'a secret that nobody may see' };
  const { endpoint, bucket } = s3;
  t = await startApp({
    s3: { endpoint, bucket, credentials, region: 'eu-central-1', prefix: 'team', forcePathStyle: true },
  });
  admin = await t.person('admin');
  projectId = (await projectWith(t, admin, [])).id;
  const body = JSON.stringify({
    messages: [
      { role: 'user', content: 'Why?' },
      { role: 'assistant', content: 'So.' },
    ],
  });
  await t.call(importLines, { params: { projectId }, query: { format: 'conversations' }, body }, admin);
});
afterEach(() => s3.trouble(null));
afterAll(async () => {
  await t.close();
  await s3.close();
});

async function build() {
  const definition = { kind: 'sft', format: 'trl', split: { train: 100, validation: 0, test: 0 } } as const;
  const body = { definition, destination: 's3' as const };
  const { release } = await t.call(createRelease, { params: { projectId }, body }, admin);
  return ended(t, admin, release.id);
}
const onDisk = (): Promise<string[]> => readdir(path.join(t.context.stores.dataDir, 'releases'));

it('a release is written to S3, read from there, and removed there', async () => {
  expect((await t.call(releaseChoices, { params: { projectId } }, admin)).s3).toBe(true);
  const made = await build();
  const { id } = made.release;
  expect(made.release).toMatchObject({ state: 'ready', location: `s3://${s3.bucket}/team/${id}` });
  expect([...s3.objects.keys()].toSorted()).toEqual(made.files.map(({ name }) => `team/${id}/${name}`).toSorted());
  expect((await fileOf(t, admin, made, 'data/train-00000-of-00001.jsonl')).toString()).toContain('"Why?"');
  expect(await onDisk()).toEqual([]);
  await t.call(deleteRelease, { params: { releaseId: id } }, admin);
  expect(s3.objects.size).toBe(0);
});

it('where S3 refuses, the release says why, and nothing stays', async () => {
  s3.trouble((request) => (request.startsWith('PUT') ? { status: 403, code: 'AccessDenied' } : null));
  const { release, files } = await build();
  expect(release.state).toBe('failed');
  expect(release.detail).toContain(s3.bucket);
  expect(release.detail).not.toContain('nobody may see');
  expect(files).toEqual([]);
  expect(s3.objects.size).toBe(0);
  expect(await onDisk()).toEqual([]);
});
