import { createHash } from 'node:crypto';
import type { Assignment, AssignmentState, Submission } from '../../shared/tasks.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import { type Database, transaction } from '../db/database.ts';
import { Refusal } from '../problem.ts';
import { believable, type Ended, endedView, noLongerOpen, readAssignment, standingOf } from './assignment.ts';
import { projectFor } from '../projects/projects.ts';
import { workKind } from './kinds.ts';
import { giveBack } from './queries/lease.ts';
import { endWith, reopen as takeBack } from './queries/submit.ts';
import { retrying } from '../db/retry.ts';
import type { Chance } from './work-kind.ts';

/** The running sums of progress are spread over so many rows. */
export const slots = 16;

/** An ended assignment, with its project, whose watchers want to know. */
export interface EndedIn {
  assignment: Ended;
  projectId: string;
}

/**
 * Submits. The same submission sent again is answered as the first was; another one for a submitted assignment is refused.
 * Where the lease ran out and the place is someone else's by now, the work is kept and called surplus.
 * Throws `not_found`, `invalid` naming the field, `already_submitted`.
 */
export async function submit(
  user: SignedIn,
  assignmentId: string,
  submission: Submission,
  chance: Chance,
): Promise<EndedIn> {
  const { db, clock, random } = chance;
  const hash = hashOf(submission);
  for (;;) {
    const standing = await standingOf(db, user, assignmentId);
    const { projectId } = standing;
    if (standing.state === 'submitted' || standing.state === 'surplus') {
      if (standing.submissionHash !== hash || standing.endedAt === null) throw noLongerOpen(standing.state);
      return { assignment: endedView(standing, standing.state, standing.endedAt), projectId };
    }
    const { statement, values, also } = await workKind(standing.kind).result(standing, submission, chance);
    const now = clock();
    const common = {
      assignmentId,
      trainerId: user.id,
      now,
      hash,
      activeMs: believable(submission.activeMs, standing, now),
      slot: Math.floor(random() * slots),
    };
    const end = (on: Database): Promise<AssignmentState | null> => endWith(on, statement, common, values);
    const state = await retrying(() =>
      also === undefined
        ? end(db)
        : transaction(db, async (tx) => {
            const ended = await end(tx);
            if (ended === 'submitted') await also(tx);
            return ended;
          }),
    );
    if (state !== null) return { assignment: endedView(standing, state, now), projectId };
    // The same was being submitted at this very moment; by now it is, and reading it again says what came of it.
  }
}

/** Two submissions are the same if they say the same; time at work may differ between a try and the next. */
function hashOf(submission: Submission): string {
  return createHash('sha256')
    .update(JSON.stringify({ ...submission, activeMs: undefined }))
    .digest('hex');
}

/** Leaves a task to others for a reason. It does not come again. The same twice is once. */
export async function skip(
  db: Database,
  user: SignedIn,
  assignmentId: string,
  { reason, comment, activeMs }: { reason: string; comment?: string | undefined; activeMs?: number | undefined },
  clock: () => Date,
): Promise<EndedIn> {
  return end(db, user, assignmentId, { state: 'skipped', reason, comment: comment ?? null, activeMs }, clock);
}

/** Gives a task back, without a reason. It may come again, with its draft. The same twice is once. */
export async function release(db: Database, user: SignedIn, assignmentId: string, clock: () => Date): Promise<EndedIn> {
  return end(db, user, assignmentId, { state: 'released', reason: null, comment: null, activeMs: undefined }, clock);
}

async function end(
  db: Database,
  user: SignedIn,
  assignmentId: string,
  how: { state: 'skipped' | 'released'; reason: string | null; comment: string | null; activeMs: number | undefined },
  clock: () => Date,
): Promise<EndedIn> {
  const now = clock();
  const standing = await standingOf(db, user, assignmentId);
  const activeMs = believable(how.activeMs, standing, now);
  const done = await retrying(() => giveBack(db, { ...how, assignmentId, trainerId: user.id, now, activeMs }));
  if (done) return { assignment: endedView(standing, how.state, now), projectId: standing.projectId };
  const current = await standingOf(db, user, assignmentId);
  if (current.state !== how.state || current.endedAt === null) throw noLongerOpen(current.state);
  return { assignment: endedView(current, current.state, current.endedAt), projectId: current.projectId };
}

/**
 * Takes one's own submission back into one's hands, with what was submitted as the draft. It keeps its place, so nobody
 * else gets the task meanwhile. Throws `too_late` after the project's time for it, `archived`, and `not_found` where the
 * membership has ended.
 */
export async function reopen(
  db: Database,
  user: SignedIn,
  assignmentId: string,
  clock: () => Date,
): Promise<Assignment> {
  for (;;) {
    const standing = await standingOf(db, user, assignmentId);
    if (standing.state === 'active') return readAssignment(db, user, assignmentId);
    if (standing.state !== 'submitted' || standing.endedAt === null || standing.submissionHash === null)
      throw new Refusal('conflict', `Only what was submitted can be taken back; this was ${standing.state}.`);
    if ((await projectFor(db, user, standing.projectId)).archived)
      throw new Refusal('archived', 'The project is archived: nothing is taken back any more.');
    const now = clock();
    if (now.getTime() > standing.endedAt.getTime() + standing.reopenMinutes * 60_000)
      throw new Refusal('too_late', `A submission can be taken back for ${standing.reopenMinutes} minutes.`);
    const draft = await workKind(standing.kind).submission(db, standing);
    const { submissionHash } = standing;
    const done = await retrying(() => takeBack(db, { assignmentId, trainerId: user.id, submissionHash, now, draft }));
    if (done) return readAssignment(db, user, assignmentId);
    // Another tab took it back at this moment, or submitted anew; reading it again says which.
  }
}
