import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, statement } from '../../server/db/database.ts';
import { migrate } from '../../server/db/migrate.ts';
import { engine, freshDatabase, type TestDatabase } from '../support/database.ts';
import { startServer } from '../support/server.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database.drop());

describe('a prepared statement', () => {
  const echo = statement<{
    text: string;
    list: string[];
    number: number;
    flag: boolean | null;
    json: unknown;
    at: string;
  }>(
    'echo',
    `select $1::text as text, $2::text[] as list, $3::int as number, $4::boolean as flag, $5::jsonb as json,
       $6::timestamptz as at`,
  );
  const text = fc.string({ unit: 'binary' }).map((value) => value.replaceAll('\0', ''));
  const tricky = fc.oneof(
    text,
    fc.constantFrom("'", "''; drop table users; --", '\\', '"', '{a,b}', 'NULL', '', '$1', "E\\'"),
  );

  it('takes values of any kind and gives them back, whatever they hold', async () => {
    await fc.assert(
      fc.asyncProperty(
        tricky,
        fc.array(tricky),
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        fc.option(fc.boolean()),
        async (one, list, number, flag) => {
          const json = { [one]: list };
          const [row] = await run(database.db, echo, [
            one,
            list,
            number,
            flag,
            JSON.stringify(json),
            '2026-01-02T03:04:05.678Z',
          ]);
          expect(row).toMatchObject({ text: one, list, number, flag, json });
          expect(new Date(row?.at ?? '').toISOString()).toBe('2026-01-02T03:04:05.678Z');
        },
      ),
      { numRuns: 200 },
    );
  });
});

describe('migrations', () => {
  it('run once, also where several processes start at the same moment', async () => {
    const empty = await freshDatabase({ migrated: false });
    const ran = await Promise.all([1, 2, 3].map(() => migrate(empty.db)));
    expect(ran.toSorted()).toEqual([0, 0, ran.reduce((sum, count) => sum + count)]);
    expect(Math.max(...ran)).toBeGreaterThan(0);
    await empty.drop();
  });
});

// Only the embedded engine has one.
if (engine === 'pglite')
  describe('the data folder', () => {
    const cli = fileURLToPath(new URL('../../server/cli.ts', import.meta.url));

    it(
      'is refused to a second process, which says whose it is; a crash leaves it free',
      { timeout: 60_000 },
      async () => {
        const dataDir = await mkdtemp(path.join(tmpdir(), 'duologue-lock-'));
        const first = await startServer({ DATA_DIR: dataDir });
        const second = spawnSync(process.execPath, [cli, 'migrate'], { env: { DATA_DIR: dataDir }, encoding: 'utf8' });
        expect(second.status).toBe(1);
        expect(second.stderr).toContain(`in use by process ${first.child.pid ?? ''}`);
        await first.end('SIGKILL');
        const third = spawnSync(process.execPath, [cli, 'migrate'], { env: { DATA_DIR: dataDir }, encoding: 'utf8' });
        expect(third).toMatchObject({ status: 0, stderr: '' });
        await rm(dataDir, { recursive: true });
      },
    );
  });
