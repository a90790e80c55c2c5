import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { transaction } from '../../server/db/database.ts';
import { ping } from '../../server/db/notify.ts';
import { createProject, listProjects } from '../../shared/projects.ts';
import * as tasks from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { engine } from '../support/database.ts';
import { breaches } from '../support/invariants.ts';
import { seedComparisons } from '../support/seed.ts';
import { claimed, projectWith, rankedAsShown } from '../support/work.ts';

/** PGlite is part of the process: it is not away, and its one connection meets no other. */
if (engine === 'postgres')
  describe('PostgreSQL', () => {
    let t: TestApp;
    let admin: Caller;
    let ann: Caller;
    /** A connection beside the server's own. */
    let aside: pg.Client;

    beforeAll(async () => {
      t = await startApp();
      [admin, ann] = await Promise.all([t.person('admin'), t.person('trainer')]);
      aside = new pg.Client({ connectionString: t.database.url ?? '' });
      await aside.connect();
    });
    afterAll(async () => {
      await aside.end();
      await t.close();
    });

    const endOthers = () =>
      aside.query(
        'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
      );
    const listeners = async (): Promise<number> => {
      const { rows } = await aside.query<{ count: string }>(
        "select count(*)::text from pg_stat_activity where datname = current_database() and application_name = 'duologue listen'",
      );
      return Number(rows[0]?.count);
    };

    it('that ends connections in the midst of a transaction does not end the server', async () => {
      const broken = transaction(t.database.db, async (tx) => {
        await ping(tx);
        await endOthers();
        await ping(tx);
      });
      await expect(broken).rejects.toThrow();
      await aside.query('begin; lock table projects');
      const waiting = t.send(createProject, { body: { name: 'Waits' } }, admin);
      await expect.poll(async () => (await aside.query('select from pg_locks where not granted')).rowCount).toBe(1);
      await endOthers();
      await aside.query('rollback');
      expect((await waiting).json()).toMatchObject({ status: 503, code: 'unavailable' });
      await expect.poll(async () => (await t.send(listProjects, {}, admin)).statusCode).toBe(200);
    });

    it('is listened to again, by one connection, after each break', async () => {
      for (let n = 0; n < 2; n += 1) {
        await endOthers();
        await expect.poll(listeners, { timeout: 5_000 }).toBe(1);
      }
    });

    it('counts right where a place is taken back and the work submitted at the same moment', async () => {
      const project = await projectWith(t, admin, [ann], { leaseMinutes: 5 });
      await seedComparisons(t.database.db, project.id, 20);
      for (let round = 0; round < 20; round += 1) {
        const assignment = await claimed(t, project, ann);
        t.ahead += 6 * 60_000;
        const { expireOverdue } = await import('../../server/tasks/expiry.ts');
        await expireOverdue(t.database.db, t.context.clock());
        // A renewal takes the place back and has not committed when the submission begins.
        await aside.query('begin');
        await aside.query(
          'update tasks set held = held + 1 where id = (select task_id from assignments where id = $1)',
          [assignment.id],
        );
        await aside.query("update assignments set state = 'active' where id = $1", [assignment.id]);
        const to = { params: { assignmentId: assignment.id } };
        const submitted = t.call(tasks.submit, { ...to, body: rankedAsShown(assignment) }, ann);
        await expect.poll(async () => (await aside.query('select from pg_locks where not granted')).rowCount).toBe(1);
        await aside.query('commit');
        expect(await submitted).toMatchObject({ assignment: { state: 'submitted' } });
      }
      expect(await breaches(t.database.db)).toEqual([]);
    });
  });
else it('is PGlite, which is never away', () => undefined);
