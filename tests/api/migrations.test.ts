import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { v7 as newId } from 'uuid';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { z } from 'zod';
import { migrate } from '../../server/db/migrate.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';

/* A migration that moves what people made is tried on tables that hold some, as an earlier version left them. */

const migrationsFolder = fileURLToPath(new URL('../../migrations', import.meta.url));
const files = readMigrationFiles({ migrationsFolder });

let database: TestDatabase;
beforeEach(async () => {
  database = await freshDatabase({ migrated: false });
});
afterEach(() => database.drop());

async function rows<Row>(of: z.ZodType<Row>, query: ReturnType<typeof sql>): Promise<Row[]> {
  return z.array(of).parse(await database.db._.session.all(query));
}

/** Brings an empty database to where it was after so many migrations. */
async function migrated(count: number): Promise<void> {
  await database.db.execute(sql`create table migrations (created_at bigint primary key, hash text not null)`);
  for (const { sql: statements, folderMillis, hash } of files.slice(0, count)) {
    for (const statement of statements) await database.db.execute(sql.raw(statement));
    await database.db.execute(sql`insert into migrations values (${folderMillis}, ${hash})`);
  }
}

it('0004: the end of a chat becomes a row of its own, and work keeps its time', async () => {
  await migrated(4);
  const { db } = database;
  const [project, ann] = [newId(), newId()];
  await db.execute(sql`insert into users (id, name, role) values (${ann}, 'Ann', 'trainer')`);
  await db.execute(sql`
    insert into projects (id, name, guidelines, rubric, overlap, completions_per_comparison, limits, lease_minutes, reopen_minutes)
    values (${project}, 'P', '', '{}', '{}', 4, '{}', 15, 60)`);
  const assignment = async (kind: string, state: string, activeMs: number, claimedAt = '2026-11-01T10:00:00Z') => {
    const id = newId();
    await db.execute(sql`
      insert into assignments (id, task_id, trainer_id, project_id, kind, state, lease_until, seed, active_ms, claimed_at, ended_at)
      values (${id}, ${newId()}, ${ann}, ${project}, ${kind}, ${state}, now(), 1, ${activeMs}, ${claimedAt}, '2026-11-01T11:00:00Z')`);
    return id;
  };
  interface Conversation {
    kind: 'chat' | 'demonstration';
    by: string | null;
    leaf?: string;
    comment?: string;
    withdrawn?: string;
  }
  const conversation = async ({ kind, by, leaf, comment, withdrawn }: Conversation): Promise<string> => {
    const id = newId();
    await db.execute(sql`
      insert into conversations (id, project_id, kind, author_id, assignment_id, leaf_id, comment, created_at, withdrawn_at)
      values (${id}, ${project}, ${kind}, ${ann}, ${by}, ${leaf ?? null}, ${comment ?? null}, '2026-11-01T10:30:00Z',
        ${withdrawn ?? null})`);
    return id;
  };
  const [leaf, left] = [newId(), newId()];
  const chat = await conversation({
    ...{ kind: 'chat', by: await assignment('chat', 'submitted', 90_000) },
    ...{ leaf, comment: 'It wandered.' },
  });
  const back = await conversation({
    ...{ kind: 'chat', by: await assignment('chat', 'active', 60_000) },
    ...{ leaf: left, withdrawn: '2026-11-01T10:45:00Z' },
  });
  const open = await conversation({ kind: 'chat', by: await assignment('chat', 'active', 5_000) });
  const written = await conversation({
    ...{ kind: 'demonstration', by: await assignment('demonstration', 'submitted', 70_000) },
    comment: 'Hard.',
  });
  const ranking = async (by: string): Promise<string> => {
    const id = newId();
    await db.execute(sql`
      insert into rankings (id, project_id, comparison_id, trainer_id, assignment_id, groups)
      values (${id}, ${project}, ${newId()}, ${ann}, ${by}, '[[0],[1]]')`);
    return id;
  };
  const ranked = await ranking(await assignment('comparison', 'submitted', 40_000));
  // Past work that an import brought, without its time.
  const imported = await ranking(await assignment('comparison', 'submitted', 0, '1970-01-01T00:00:00Z'));

  expect(await migrate(db)).toBe(files.length - 4);

  const ending = z.object({
    ...{ conversation_id: z.string(), leaf_id: z.string(), comment: z.string().nullable(), active_ms: z.number() },
    ...{ created: z.string(), withdrawn: z.string().nullable() },
  });
  const at = (column: string) => sql.raw(`to_char(${column} at time zone 'UTC', 'HH24:MI')`);
  expect(
    await rows(
      ending,
      sql`select conversation_id, leaf_id, comment, active_ms, ${at('created_at')} as created, ${at('withdrawn_at')} as withdrawn
        from chat_endings order by created_at desc`,
    ),
  ).toEqual([
    {
      conversation_id: chat,
      leaf_id: leaf,
      comment: 'It wandered.',
      active_ms: 90_000,
      created: '11:00',
      withdrawn: null,
    },
    { conversation_id: back, leaf_id: left, comment: null, active_ms: 60_000, created: '10:45', withdrawn: '10:45' },
  ]);
  const kept = z.object({ id: z.string(), comment: z.string().nullable(), active_ms: z.number().nullable() });
  expect(await rows(kept, sql`select id, comment, active_ms from conversations order by id`)).toEqual([
    { id: chat, comment: null, active_ms: null },
    { id: back, comment: null, active_ms: null },
    { id: open, comment: null, active_ms: null },
    { id: written, comment: 'Hard.', active_ms: 70_000 },
  ]);
  expect(await rows(kept.omit({ comment: true }), sql`select id, active_ms from rankings order by id`)).toEqual([
    { id: ranked, active_ms: 40_000 },
    { id: imported, active_ms: null },
  ]);
});
