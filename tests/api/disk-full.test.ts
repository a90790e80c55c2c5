import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { importLines } from '../../shared/imports.ts';
import * as tasks from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { breaches } from '../support/invariants.ts';
import { seedComparisons } from '../support/seed.ts';
import { claimed, projectWith, rankedAsShown } from '../support/work.ts';

/*
 * A disk cannot be filled in a test that anyone may run, so the database itself raises the error that it raises then
 * (SQLSTATE 53100), in the midst of what the server has it do.
 */

let t: TestApp;
let admin: Caller;
let ann: Caller;

beforeAll(async () => {
  t = await startApp();
  [admin, ann] = await Promise.all([t.person('admin'), t.person('trainer')]);
  await t.database.db.execute(sql`
    create function no_room() returns trigger language plpgsql as $$ begin
      if (select count(*) from conversations) > 600 or tg_table_name <> 'conversations' then
        raise exception 'could not extend file: No space left on device' using errcode = '53100';
      end if;
      return null;
    end $$`);
});
afterAll(() => t.close());

const fillDisk = (table: string, event: string) =>
  t.database.db.execute(sql.raw(`create trigger full_disk after ${event} on ${table} execute function no_room()`));
const makeRoom = (table: string) => t.database.db.execute(sql.raw(`drop trigger full_disk on ${table}`));

it('an import says how far it came, keeps that, and goes on from there', async () => {
  const project = await projectWith(t, admin, []);
  const body = Array.from({ length: 1_000 }, (_, n) => JSON.stringify({ prompt: `Question ${n}` })).join('\n');
  const upload = { params: { projectId: project.id }, query: { format: 'prompts' as const }, body };
  await fillDisk('conversations', 'insert');
  const response = await t.send(importLines, upload, admin);
  expect(response.json()).toMatchObject({ status: 507, code: 'storage_full' });
  const { created } = response.json<{ result: { created: number } }>().result;
  expect(created).toBeGreaterThan(0);
  await makeRoom('conversations');
  expect(await breaches(t.database.db)).toEqual([]);
  const result = await t.call(importLines, upload, admin);
  expect(result).toMatchObject({ created: 1_000 - created, duplicates: created });
});

it('a draft and a submission are refused whole, and taken once there is room', async () => {
  const project = await projectWith(t, admin, [ann]);
  await seedComparisons(t.database.db, project.id, 1);
  const assignment = await claimed(t, project, ann);
  const to = { params: { assignmentId: assignment.id } };
  const body = rankedAsShown(assignment);
  await fillDisk('rankings', 'insert');
  await t.refused('storage_full', tasks.submit, { ...to, body }, ann);
  await makeRoom('rankings');
  await fillDisk('assignments', 'update');
  await t.refused('storage_full', tasks.saveDraft, { ...to, body: { draft: { a: 1 }, revision: 0 } }, ann);
  await makeRoom('assignments');
  expect(await breaches(t.database.db)).toEqual([]);
  await t.call(tasks.saveDraft, { ...to, body: { draft: { a: 1 }, revision: 0 } }, ann);
  expect(await t.call(tasks.submit, { ...to, body }, ann)).toMatchObject({ assignment: { state: 'submitted' } });
});
