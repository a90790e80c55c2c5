import { afterEach, expect, it } from 'vitest';
import { writeInProcess } from '../../server/releases/process.ts';

/* What keeps a process of its own from being begun, or from getting to its work, fails that build and nothing else. */

const node = process.execPath;
afterEach(() => {
  process.execPath = node;
});

const nobody = '00000000-0000-7000-8000-000000000000';
const write = writeInProcess({ databaseUrl: 'postgres://127.0.0.1:9/nowhere', dataDir: '/nowhere', s3: null });

it('says why no process could be begun', async () => {
  process.execPath = '/nowhere/node';
  await expect(write(nobody, new AbortController().signal)).rejects.toThrow('spawn /nowhere/node ENOENT');
});

it('hands on what failed in it', async () => {
  await expect(write(nobody, new AbortController().signal)).rejects.toMatchObject({
    message: expect.stringContaining('ECONNREFUSED') as string,
    code: 'ECONNREFUSED',
  });
});

it('says how a process ended that answered nothing', async () => {
  process.execPath = '/bin/false';
  await expect(write(nobody, new AbortController().signal)).rejects.toThrow('the process that built a release ended');
});
