import type { Assignment, AssignmentState } from '../../shared/tasks.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Database } from '../db/database.ts';
import { notFound, Refusal } from '../problem.ts';
import { workKind } from './kinds.ts';
import { type AssignmentRow, selectAssignment, selectStanding, type Standing } from './queries/assignment.ts';

/** An assignment as its trainer sees it: nothing of where a completion came from. */
export function assignmentView(row: AssignmentRow): Assignment {
  const { id, projectId, kind, state, leaseUntil, draft, revision, activeMs } = row;
  // The kind decides the shape of the task; the union's type cannot follow that.
  return {
    ...{ id, projectId, kind, state, draft, revision, activeMs },
    leaseUntil: leaseUntil.toISOString(),
    task: workKind(kind).view(row),
  } as Assignment;
}

/** One's own assignment; once submitted, with what was submitted as the draft. */
export async function readAssignment(db: Database, user: SignedIn, assignmentId: string): Promise<Assignment> {
  const row = await selectAssignment(db, assignmentId, user.id);
  if (row === null) throw notFound('assignment');
  if (row.state !== 'submitted' && row.state !== 'surplus') return assignmentView(row);
  const standing = await standingOf(db, user, assignmentId);
  return { ...assignmentView(row), draft: await workKind(row.kind).submission(db, standing) };
}

/** Throws `not_found` where this person has no such assignment. */
export async function standingOf(db: Database, user: SignedIn, assignmentId: string): Promise<Standing> {
  const standing = await selectStanding(db, assignmentId, user.id);
  if (standing === null) throw notFound('assignment');
  return standing;
}

export interface Ended {
  id: string;
  state: AssignmentState;
  endedAt: string;
  reopenUntil: string | null;
}

export function endedView(standing: Standing, state: AssignmentState, endedAt: Date): Ended {
  return {
    id: standing.id,
    state,
    endedAt: endedAt.toISOString(),
    reopenUntil: reopenUntil(state, endedAt, standing.reopenMinutes)?.toISOString() ?? null,
  };
}

/** Until when a submission may be taken back; null where it may not. */
export function reopenUntil(state: AssignmentState, endedAt: Date, reopenMinutes: number): Date | null {
  return state === 'submitted' && reopenMinutes > 0 ? new Date(endedAt.getTime() + reopenMinutes * 60_000) : null;
}

/** Time at work as a client counted it, in milliseconds: never more than has passed since the claim. */
export function believable(activeMs: number | undefined, standing: { claimedAt: Date }, now: Date): number {
  return Math.round(Math.max(0, Math.min(activeMs ?? 0, now.getTime() - standing.claimedAt.getTime(), 2 ** 31 - 1)));
}

/** Why an assignment can no longer be worked on. */
export function noLongerOpen(state: AssignmentState): Refusal {
  return state === 'submitted' || state === 'surplus'
    ? new Refusal('already_submitted', 'This was submitted already. Reopen it to change it.')
    : new Refusal('conflict', `This assignment was ${state}; it is no longer in your hands.`);
}
