import { and, asc, eq, inArray, type SQL, sql } from 'drizzle-orm';
import type { KindProgress, Project, TaskKind } from '../../shared/projects.ts';
import { type Database, run, statement } from '../db/database.ts';
import { members, models, projects, rounds, tasks, users } from '../db/tables.ts';

type Stored = typeof projects.$inferSelect;
/** A project with the round that runs in it. */
export type ProjectRow = Stored & { round: Project['round'] };
export type MemberRow = typeof users.$inferSelect;

export async function insertProject(db: Database, row: typeof projects.$inferInsert): Promise<ProjectRow> {
  const [inserted] = await db.insert(projects).values(row).returning();
  if (!inserted) throw new Error('insert returned nothing');
  return { ...inserted, round: null };
}

/** Projects with their rounds, the newest last. */
async function selectWhere(db: Database, condition: SQL | undefined): Promise<ProjectRow[]> {
  const rows = await db
    .select({ project: projects, round: rounds, provider: models.provider })
    .from(projects)
    .leftJoin(rounds, eq(rounds.id, projects.roundId))
    .leftJoin(models, eq(models.id, rounds.policyModelId))
    .where(condition)
    .orderBy(asc(projects.createdAt), asc(projects.id));
  return rows.map(({ project, round, provider }) => ({
    ...project,
    round: round && { number: round.number, name: round.name, kinds: round.kinds, demo: provider === 'replay' },
  }));
}

export async function selectProject(db: Database, projectId: string): Promise<ProjectRow | null> {
  const [row] = await selectWhere(db, eq(projects.id, projectId));
  return row ?? null;
}

export async function selectProjectByName(db: Database, name: string): Promise<ProjectRow[]> {
  return selectWhere(db, eq(projects.name, name));
}

/** All projects, or those that a person is a member of; the newest last. */
export async function selectProjects(db: Database, memberId: string | null): Promise<ProjectRow[]> {
  if (memberId === null) return selectWhere(db, undefined);
  const mine = db.select({ id: members.projectId }).from(members).where(eq(members.userId, memberId));
  return selectWhere(db, inArray(projects.id, mine));
}

export async function updateProject(
  db: Database,
  projectId: string,
  change: Partial<typeof projects.$inferInsert>,
): Promise<ProjectRow | null> {
  await db.update(projects).set(change).where(eq(projects.id, projectId));
  return selectProject(db, projectId);
}

/** Has whoever else wants to make the first project wait until the transaction ends. */
export async function lockProjects(db: Database): Promise<void> {
  await db.execute(sql`lock table ${projects} in share row exclusive mode`);
}

/** Locks a project against other changes of it until the transaction ends. */
export async function lockProject(db: Database, projectId: string): Promise<Stored | null> {
  const [row] = await db.select().from(projects).where(eq(projects.id, projectId)).for('update');
  return row ?? null;
}

/** Gives the tasks of a kind another overlap, and the progress sums with it. */
export async function updateOverlap(db: Database, projectId: string, kind: TaskKind, overlap: number): Promise<void> {
  await db.execute(sql`
    with changed as (
      update ${tasks} t set overlap = ${overlap} from ${tasks} old
      where t.id = old.id and t.project_id = ${projectId} and t.kind = ${kind} and t.overlap <> ${overlap}
      returning t.overlap - old.overlap as difference
    )
    insert into task_progress (project_id, kind, slot, wanted)
    select ${projectId}, ${kind}, 0, coalesce(sum(difference), 0) from changed
    on conflict (project_id, kind, slot) do update set wanted = task_progress.wanted + excluded.wanted`);
}

export async function isMember(db: Database, projectId: string, userId: string): Promise<boolean> {
  const found = await db
    .select({ one: sql`1` })
    .from(members)
    .where(and(eq(members.projectId, projectId), eq(members.userId, userId)));
  return found.length > 0;
}

export async function selectMembers(db: Database, projectId: string): Promise<MemberRow[]> {
  const rows = await db
    .select()
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(eq(members.projectId, projectId))
    .orderBy(asc(users.name), asc(users.id));
  return rows.map((row) => row.users);
}

/** False where there is no such person. */
export async function insertMember(db: Database, projectId: string, userId: string): Promise<boolean> {
  const [person] = await db.select({ id: users.id }).from(users).where(eq(users.id, userId));
  if (!person) return false;
  await db.insert(members).values({ projectId, userId }).onConflictDoNothing();
  return true;
}

/** Ends the leases of a person in a project; drafts stay. */
export async function endLeases(db: Database, projectId: string, userId: string): Promise<void> {
  await db.execute(sql`
    with ended as (
      update assignments set state = 'expired', ended_at = now()
      where trainer_id = ${userId} and project_id = ${projectId} and state = 'active' returning task_id
    )
    update tasks t set held = t.held - 1 from ended where t.id = ended.task_id`);
}

export async function deleteMember(db: Database, projectId: string, userId: string): Promise<void> {
  await db.delete(members).where(and(eq(members.projectId, projectId), eq(members.userId, userId)));
}

const progressOf = statement<{
  project_id: string;
  kind: TaskKind;
  tasks: string;
  wanted: string;
  submitted: string;
  in_hand: string;
}>(
  'progress_of',
  `with hands as (
     select project_id, kind, count(*) as in_hand from assignments
     where state = 'active' and project_id = any($1::uuid[]) group by project_id, kind
   )
   select p.project_id, p.kind, sum(p.tasks)::text as tasks, sum(p.wanted)::text as wanted,
          sum(p.submitted)::text as submitted, coalesce(max(h.in_hand), 0)::text as in_hand
   from task_progress p left join hands h on h.project_id = p.project_id and h.kind = p.kind
   where p.project_id = any($1::uuid[])
   group by p.project_id, p.kind order by p.kind`,
);

/** Progress of projects, per kind; kinds without tasks are absent. Reads running sums: the cost does not grow with the tasks. */
export async function selectProgress(db: Database, projectIds: string[]): Promise<Map<string, KindProgress[]>> {
  const found = new Map<string, KindProgress[]>(projectIds.map((id) => [id, []]));
  for (const row of await run(db, progressOf, [projectIds])) {
    found.get(row.project_id)?.push({
      kind: row.kind,
      tasks: Number(row.tasks),
      wanted: Number(row.wanted),
      submitted: Number(row.submitted),
      inHand: Number(row.in_hand),
    });
  }
  return found;
}
