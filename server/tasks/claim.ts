import { newId } from '../db/ids.ts';
import { taskKinds, type TaskKind } from '../../shared/projects.ts';
import type { Assignment } from '../../shared/tasks.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Database } from '../db/database.ts';
import { Refusal } from '../problem.ts';
import { projectFor } from '../projects/projects.ts';
import { assignmentView } from './assignment.ts';
import { expireOverdue } from './expiry.ts';
import { queueStanding } from './queries/queue.ts';
import { wantedKinds } from './queue.ts';
import type { AssignmentRow } from './queries/assignment.ts';
import * as queries from './queries/claim.ts';
import { retrying } from '../db/retry.ts';

/** Positions in the queue are from 0 up to, not including, this. */
export const positions = 2 ** 31 - 1;

/** A stretch of the queue of one kind: positions from `low` up to, not including, `high`. */
export interface Stretch {
  kind: TaskKind;
  low: number;
  high: number;
}

/**
 * In which order the queue is looked through: for each kind, from a random place to the end, then from the beginning to
 * that place. Everybody starts elsewhere, so nobody waits for, or steps over, what the others are taking.
 */
export function stretches(kinds: readonly TaskKind[], random: () => number): Stretch[] {
  return kinds.flatMap((kind) => {
    const start = Math.floor(random() * positions);
    return [
      { kind, low: start, high: positions },
      { kind, low: 0, high: start },
    ];
  });
}

export interface ClaimRequest {
  kinds?: readonly TaskKind[] | undefined;
  /** Assignments that the client already shows. */
  holding?: readonly string[] | undefined;
}

interface Chance {
  clock: () => Date;
  random: () => number;
}

/**
 * Puts a task into a trainer's hands: work begun first, then a new task. Null where there is nothing for this trainer now.
 * Throws `not_found` and `archived`.
 */
export async function claim(
  db: Database,
  user: SignedIn,
  projectId: string,
  { kinds = taskKinds, holding }: ClaimRequest,
  { clock, random }: Chance,
): Promise<Assignment | null> {
  const take = (patient: boolean): Promise<AssignmentRow | null> =>
    retrying(() =>
      queries.claim(
        db,
        {
          projectId,
          trainerId: user.id,
          seesAll: user.role === 'admin',
          now: clock(),
          id: newId(),
          seed: Math.floor(random() * positions),
          stretches: stretches(kinds, random),
          holding: holding ?? [],
          resumeUntouched: holding !== undefined,
        },
        { patient },
      ),
    );
  const row = await take(false);
  if (row !== null) return assignmentView(row);
  // Nothing came of it. Is the project closed to this person? If not, leases that ran out may give a place back, or there may
  // be tasks with a free place that others were taking at that moment.
  const project = await projectFor(db, user, projectId);
  if (project.archived) throw new Refusal('archived', 'The project is archived: no more work is given out.');
  const expired = await expireOverdue(db, clock());
  if (expired === 0 && (await queueStanding(db, projectId, user.id, wantedKinds(project, kinds))).open === 0)
    return null;
  const second = await take(true);
  return second && assignmentView(second);
}
