import { taskKinds, type KindProgress, type TaskKind } from '../../shared/projects.ts';
import type { QueueReason } from '../../shared/tasks.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Database } from '../db/database.ts';
import { progressOf, projectFor } from '../projects/projects.ts';
import { queueStanding, type QueueStanding } from './queries/queue.ts';

/** Why the queue has nothing for a trainer, or that it has something. */
export function reasonOf(
  standing: Pick<QueueStanding, 'open' | 'mine' | 'authored'>,
  sums: { wanted: number; submitted: number },
  archived: boolean,
): QueueReason {
  if (archived) return 'archived';
  if (standing.open > 0) return 'open';
  if (sums.wanted === 0) return 'none';
  if (standing.mine > 0) return 'share';
  if (standing.authored > 0) return 'authored';
  return sums.submitted < sums.wanted ? 'in_hands' : 'done';
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
  const progress = (await progressOf(db, projectId)).filter((row) => kinds.includes(row.kind));
  const standing = await queueStanding(db, projectId, user.id, kinds);
  const sum = (part: (row: KindProgress) => number): number => progress.reduce((total, row) => total + part(row), 0);
  const sums = { wanted: sum((row) => row.wanted), submitted: sum((row) => row.submitted) };
  return {
    reason: reasonOf(standing, sums, project.archived),
    ...sums,
    inHand: sum((row) => row.inHand),
    nextExpiry: standing.nextExpiry?.toISOString() ?? null,
  };
}
