import { taskKinds, type KindProgress, type Project, type TaskKind } from '../../shared/projects.ts';
import type { QueueReason } from '../../shared/tasks.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Database } from '../db/database.ts';
import { progressOf, projectFor } from '../projects/projects.ts';
import { queueStanding, type QueueStanding } from './queries/queue.ts';

/**
 * Why the queue has nothing for a trainer, or that it has something.
 *
 * @param wanted whether the round that runs asks for any of the kinds
 */
export function reasonOf(
  standing: Pick<QueueStanding, 'open' | 'mine' | 'authored'>,
  sums: { wanted: number; submitted: number },
  archived: boolean,
  wanted = true,
): QueueReason {
  if (archived) return 'archived';
  if (!wanted) return 'not_wanted';
  if (standing.open > 0) return 'open';
  if (sums.wanted === 0) return 'none';
  if (standing.mine > 0) return 'share';
  if (standing.authored > 0) return 'authored';
  return sums.submitted < sums.wanted ? 'in_hands' : 'done';
}

/** Those of the kinds that the running round asks for; before the first round, all of them. */
export function wantedKinds({ round }: Pick<Project, 'round'>, kinds: readonly TaskKind[]): TaskKind[] {
  return kinds.filter((kind) => round === null || round.kinds.includes(kind));
}

export interface QueueView {
  reason: QueueReason;
  wanted: number;
  submitted: number;
  inHand: number;
  nextExpiry: string | null;
}

export async function readQueue(
  db: Database,
  user: SignedIn,
  projectId: string,
  kind: TaskKind | undefined,
): Promise<QueueView> {
  const kinds = kind === undefined ? taskKinds : [kind];
  const project = await projectFor(db, user, projectId);
  const wanted = wantedKinds(project, kinds);
  // What the round does not ask for is told of only where it was asked after by its name.
  const told = wanted.length > 0 ? wanted : kinds;
  const progress = (await progressOf(db, projectId)).filter((row) => told.includes(row.kind));
  const standing = await queueStanding(db, projectId, user.id, wanted);
  const sum = (part: (row: KindProgress) => number): number => progress.reduce((total, row) => total + part(row), 0);
  const sums = { wanted: sum((row) => row.wanted), submitted: sum((row) => row.submitted) };
  return {
    reason: reasonOf(standing, sums, project.archived, wanted.length > 0),
    ...sums,
    inHand: sum((row) => row.inHand),
    nextExpiry: standing.nextExpiry?.toISOString() ?? null,
  };
}
