import { newId } from '../db/ids.ts';
import {
  taskKinds,
  type KindProgress,
  type NewProject,
  type Project,
  type ProjectChange,
} from '../../shared/projects.ts';
import { record } from '../accounts/audit.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import { type Database, transaction } from '../db/database.ts';
import { retrying } from '../db/retry.ts';
import { checkModeration } from '../moderation/settings.ts';
import { notFound } from '../problem.ts';
import * as queries from './queries.ts';

export type { ProjectRow } from './queries.ts';

const usualOverlap = { demonstration: 1, chat: 1, comparison: 1, review: 1 };
const usualLimits = { maxTurns: 40, maxCharacters: 30_000 };

export function projectView({ createdAt, roundId: _, ...row }: queries.ProjectRow): Project {
  return { ...row, createdAt: createdAt.toISOString() };
}

/** The project if this person may see it. Throws `not_found` otherwise: what one has no part in does not exist for one. */
export async function projectFor(db: Database, user: SignedIn, projectId: string): Promise<queries.ProjectRow> {
  const row = await queries.selectProject(db, projectId);
  if (row === null || (user.role !== 'admin' && !(await queries.isMember(db, projectId, user.id))))
    throw notFound('project');
  return row;
}

export async function createProject(db: Database, user: SignedIn | null, body: NewProject): Promise<Project> {
  return transaction(db, async (tx) => {
    await checkModeration(tx, body.moderation);
    const row = await queries.insertProject(tx, {
      ...body,
      id: newId(),
      overlap: { ...usualOverlap, ...given(body.overlap) },
      limits: { ...usualLimits, ...given(body.limits) },
    });
    await record(tx, user, 'project.create', row.id, { name: row.name });
    return projectView(row);
  });
}

export async function changeProject(
  db: Database,
  user: SignedIn,
  projectId: string,
  change: ProjectChange,
): Promise<Project> {
  return retrying(() =>
    transaction(db, async (tx) => {
      const { guidelines } = change;
      const before = await queries.lockProject(tx, projectId);
      if (before === null) throw notFound('project');
      await checkModeration(tx, change.moderation);
      const overlap = { ...before.overlap, ...given(change.overlap) };
      const limits = { ...before.limits, ...given(change.limits) };
      const row = await queries.updateProject(tx, projectId, { ...given(change), overlap, limits });
      if (row === null) throw notFound('project');
      for (const kind of taskKinds)
        if (overlap[kind] !== before.overlap[kind]) await queries.updateOverlap(tx, projectId, kind, overlap[kind]);
      await record(tx, user, 'project.change', projectId, {
        ...change,
        ...(guidelines !== undefined && { guidelines: `${guidelines.length} characters` }),
      });
      return projectView(row);
    }),
  );
}

/** The projects that a person sees, with progress; without the long texts. */
export async function listProjects(db: Database, user: SignedIn): Promise<(Project & { progress: KindProgress[] })[]> {
  const rows = await queries.selectProjects(db, user.role === 'admin' ? null : user.id);
  const ids = rows.map(({ id }) => id);
  const progress = await queries.selectProgress(db, ids);
  return rows.map((row) => ({ ...projectView(row), progress: progress.get(row.id) ?? [] }));
}

export async function progressOf(db: Database, projectId: string): Promise<KindProgress[]> {
  return (await queries.selectProgress(db, [projectId])).get(projectId) ?? [];
}

/** By id or, where only one has it, by name; for the command line. Null where there is none or more than one. */
export async function findProject(db: Database, idOrName: string): Promise<queries.ProjectRow | null> {
  if (/^[0-9a-f-]{36}$/i.test(idOrName)) return queries.selectProject(db, idOrName);
  const named = await queries.selectProjectByName(db, idOrName);
  return named.length === 1 ? (named[0] ?? null) : null;
}

/** Without the members that are undefined, which would overwrite. */
function given<T extends object>(part: T | undefined): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(part ?? {}).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
