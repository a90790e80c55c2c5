import { and, asc, desc, eq, gt, inArray, sql } from 'drizzle-orm';
import type { PiiKind, ReleaseDefinition, ReleaseFigures, ReleaseFile, Remark } from '../../../shared/releases.ts';
import type { Database } from '../../db/database.ts';
import {
  benchmarks,
  conversationRoots,
  conversations,
  projects,
  rankings,
  releaseFiles,
  releaseFindings,
  releasePeople,
  releases,
  rounds,
  users,
} from '../../db/tables.ts';

export type ReleaseRow = typeof releases.$inferSelect;
export type Progress = NonNullable<ReleaseRow['progress']>;
export type ReleaseView = ReleaseRow & { createdByName: string | null };

const view = { release: releases, createdByName: users.name };

/** The database's own time, to the microsecond: what a release sees is told apart by it. */
export async function databaseNow(db: Database): Promise<string> {
  const [row] = await db._.session.all<{ now: string }>(
    sql`select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as now`,
  );
  if (row === undefined) throw new Error('the database has no time');
  return row.now;
}

/** Takes the next number of the project; whoever does so at the same time waits. */
export async function insertRelease(
  tx: Database,
  row: Pick<typeof releases.$inferInsert, 'id' | 'projectId' | 'notes' | 'destination' | 'createdBy' | 'basis'> & {
    name: string | undefined;
    definition: ReleaseDefinition;
    moment: string;
  },
): Promise<number> {
  const { name, moment, ...rest } = row;
  await tx.select({ id: projects.id }).from(projects).where(eq(projects.id, row.projectId)).for('no key update');
  const [last] = await tx
    .select({ number: sql<number>`coalesce(max(${releases.number}), 0)`.mapWith(Number) })
    .from(releases)
    .where(eq(releases.projectId, row.projectId));
  const number = (last?.number ?? 0) + 1;
  await tx.insert(releases).values({
    ...rest,
    number,
    name: name ?? `Release ${number}`,
    moment: sql`${moment}::timestamptz`,
    state: 'waiting',
  });
  return number;
}

export async function selectReleases(db: Database, projectId: string): Promise<ReleaseView[]> {
  const rows = await db
    .select(view)
    .from(releases)
    .leftJoin(users, eq(users.id, releases.createdBy))
    .where(eq(releases.projectId, projectId))
    .orderBy(desc(releases.number));
  return rows.map(({ release, createdByName }) => ({ ...release, createdByName }));
}

export async function selectRelease(db: Database, id: string): Promise<ReleaseView | null> {
  const [row] = await db
    .select(view)
    .from(releases)
    .leftJoin(users, eq(users.id, releases.createdBy))
    .where(eq(releases.id, id));
  return row === undefined ? null : { ...row.release, createdByName: row.createdByName };
}

/** The moment of a release to the microsecond, as `Scope` takes it. */
export async function selectMoment(db: Database, id: string): Promise<string> {
  const [row] = await db
    .select({ at: sql<string>`to_char(${releases.moment} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')` })
    .from(releases)
    .where(eq(releases.id, id));
  if (row === undefined) throw new Error(`release ${id} is missing`);
  return row.at;
}

/** Rows by split, of all its files. */
export async function selectSplits(
  db: Database,
  ids: readonly string[],
): Promise<{ releaseId: string; split: string | null; rows: number }[]> {
  if (ids.length === 0) return [];
  return db
    .select({
      releaseId: releaseFiles.releaseId,
      split: releaseFiles.split,
      rows: sql<number>`sum(${releaseFiles.rows})`.mapWith(Number),
    })
    .from(releaseFiles)
    .where(and(inArray(releaseFiles.releaseId, [...ids]), sql`${releaseFiles.split} is not null`))
    .groupBy(releaseFiles.releaseId, releaseFiles.split);
}

export async function selectFiles(db: Database, releaseId: string): Promise<ReleaseFile[]> {
  const rows = await db
    .select()
    .from(releaseFiles)
    .where(eq(releaseFiles.releaseId, releaseId))
    .orderBy(asc(releaseFiles.name));
  return rows.map(({ name, split, rows, bytes, sha256 }) => ({ name, split, rows, bytes, sha256 }));
}

/** Begins to build, if it is to be built; also again, after the process that did so died. */
export async function beginBuilding(db: Database, id: string): Promise<boolean> {
  const rows = await db
    .update(releases)
    .set({ state: 'building', detail: null })
    .where(and(eq(releases.id, id), inArray(releases.state, ['waiting', 'building'])))
    .returning({ id: releases.id });
  return rows.length > 0;
}

/** False where it is no longer being built: it was cancelled or removed. */
export async function storeProgress(db: Database, id: string, progress: Progress): Promise<boolean> {
  const rows = await db
    .update(releases)
    .set({ progress })
    .where(and(eq(releases.id, id), eq(releases.state, 'building')))
    .returning({ id: releases.id });
  return rows.length > 0;
}

export async function storeMerges(db: Database, id: string, merges: number): Promise<void> {
  await db.update(releases).set({ merges }).where(eq(releases.id, id));
}

export interface Built {
  files: readonly ReleaseFile[];
  rows: number;
  bytes: number;
  remarks: Remark[];
  figures: ReleaseFigures;
  people: readonly string[];
  findings: readonly { id: number; kind: PiiKind; rowId: string; before: string; found: string; after: string }[];
  location: string | null;
  now: Date;
}

/** Puts down what was built. False where it was cancelled meanwhile. */
export async function finishBuilding(tx: Database, id: string, built: Built): Promise<boolean> {
  const { files, rows, bytes, remarks, figures, people, findings, location, now } = built;
  const done = await tx
    .update(releases)
    .set({ state: 'ready', detail: null, progress: null, endedAt: now, rows, bytes, remarks, figures, location })
    .where(and(eq(releases.id, id), eq(releases.state, 'building')))
    .returning({ id: releases.id });
  if (done.length === 0) return false;
  await tx.delete(releaseFiles).where(eq(releaseFiles.releaseId, id));
  await tx.delete(releaseFindings).where(eq(releaseFindings.releaseId, id));
  await tx.delete(releasePeople).where(eq(releasePeople.releaseId, id));
  if (files.length > 0) await tx.insert(releaseFiles).values(files.map((file) => ({ ...file, releaseId: id })));
  for (let from = 0; from < findings.length; from += 1_000)
    await tx
      .insert(releaseFindings)
      .values(findings.slice(from, from + 1_000).map((finding) => ({ ...finding, releaseId: id })));
  if (people.length > 0) await tx.insert(releasePeople).values(people.map((userId) => ({ releaseId: id, userId })));
  return true;
}

/** Ends a build without result. False where it is not being built. */
export async function endBuilding(
  db: Database,
  id: string,
  { state, detail, now }: { state: 'failed' | 'cancelled'; detail: string | null; now: Date },
): Promise<boolean> {
  const rows = await db
    .update(releases)
    .set({ state, detail, progress: null, endedAt: now })
    .where(and(eq(releases.id, id), inArray(releases.state, ['waiting', 'building'])))
    .returning({ id: releases.id });
  return rows.length > 0;
}

/** Has it built again. False where it is being built. */
export async function restart(tx: Database, id: string): Promise<boolean> {
  const rows = await tx
    .update(releases)
    .set({ state: 'waiting', detail: null, endedAt: null, progress: null })
    .where(and(eq(releases.id, id), inArray(releases.state, ['ready', 'failed', 'cancelled'])))
    .returning({ id: releases.id });
  return rows.length > 0;
}

export async function deleteRelease(tx: Database, id: string): Promise<void> {
  await tx.delete(releases).where(eq(releases.id, id));
}

/**
 * Whether a transaction that began before this moment is still open; what it writes bears an earlier time and would be seen
 * only by whoever reads later.
 */
export async function isUnsettled(db: Database, moment: string): Promise<boolean> {
  const [row] = await db._.session.all<{ open: boolean }>(sql`
    select exists (select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
      and backend_type = 'client backend' and state <> 'idle' and xact_start <= ${moment}::timestamptz) as open`);
  return row?.open ?? false;
}

// ---- what can be chosen ----

export async function selectRounds(db: Database, projectId: string): Promise<{ number: number; name: string }[]> {
  return db
    .select({ number: rounds.number, name: rounds.name })
    .from(rounds)
    .where(eq(rounds.projectId, projectId))
    .orderBy(asc(rounds.number));
}

/** Whoever ranked or wrote something here. */
export async function selectTrainers(db: Database, projectId: string): Promise<{ id: string; name: string }[]> {
  return db._.session.all<{ id: string; name: string }>(sql`
    select id, name from users where id in (
      select trainer_id from ${rankings} where project_id = ${projectId} and trainer_id is not null
      union select author_id from ${conversations} where project_id = ${projectId} and author_id is not null
    ) order by name, id`);
}

/** At most so many sources and pools of instruction data are told. */
const mostSources = 200;

export async function selectSources(
  db: Database,
): Promise<{ projectId: string; project: string; source: string | null; dialogues: number; all: number }[]> {
  return db._.session.all(sql`
    select c.project_id as "projectId", p.name as project, c.source,
      (count(*) filter (where c.kind = 'dialogue'))::int as dialogues, count(*)::int as all
    from ${conversations} c join ${projects} p on p.id = c.project_id
    where c.kind in ('dialogue', 'prompt') and not p.archived
    group by c.project_id, p.name, c.source order by p.name, c.source nulls first limit ${mostSources}`);
}

export async function selectLanguages(db: Database, projectId: string): Promise<string[]> {
  const rows = await db._.session.all<{ language: string }>(sql`
    select distinct r.language from ${conversationRoots} r join ${conversations} c on c.id = r.conversation_id
    where c.project_id = ${projectId} and r.language is not null order by 1`);
  return rows.map(({ language }) => language);
}

export async function selectBenchmarks(db: Database): Promise<{ id: string; name: string; prompts: number }[]> {
  return db
    .select({ id: benchmarks.id, name: benchmarks.name, prompts: benchmarks.prompts })
    .from(benchmarks)
    .orderBy(asc(benchmarks.name));
}

/** By id, the names of all people. */
export async function selectNames(db: Database): Promise<Record<string, string>> {
  const rows = await db.select({ id: users.id, name: users.name }).from(users);
  return Object.fromEntries(rows.map(({ id, name }) => [id, name]));
}

// ---- findings ----

export async function sumFindings(db: Database, releaseId: string): Promise<{ kind: PiiKind; count: number }[]> {
  return db
    .select({ kind: releaseFindings.kind, count: sql<number>`count(*)`.mapWith(Number) })
    .from(releaseFindings)
    .where(eq(releaseFindings.releaseId, releaseId))
    .groupBy(releaseFindings.kind)
    .orderBy(asc(releaseFindings.kind));
}

export async function selectFindings(
  db: Database,
  releaseId: string,
  { kind, after, limit }: { kind: PiiKind | undefined; after: number; limit: number },
): Promise<{ id: number; kind: PiiKind; rowId: string; before: string; found: string; after: string }[]> {
  return db
    .select({
      id: releaseFindings.id,
      kind: releaseFindings.kind,
      rowId: releaseFindings.rowId,
      before: releaseFindings.before,
      found: releaseFindings.found,
      after: releaseFindings.after,
    })
    .from(releaseFindings)
    .where(
      and(
        eq(releaseFindings.releaseId, releaseId),
        gt(releaseFindings.id, after),
        kind === undefined ? undefined : eq(releaseFindings.kind, kind),
      ),
    )
    .orderBy(asc(releaseFindings.id))
    .limit(limit);
}
