import type { AssignmentState, Draft } from '../../shared/tasks.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Database } from '../db/database.ts';
import { Refusal } from '../problem.ts';
import { believable, noLongerOpen, standingOf } from './assignment.ts';
import { keep } from './queries/lease.ts';
import { retrying } from './retry.ts';

/** Characters of JSON. A conversation of the greatest length fits; what is larger is no draft. */
const maxDraft = 2_000_000;

export interface KeptView {
  state: AssignmentState;
  leaseUntil: string;
  revision: number;
}

/**
 * Saves a draft and renews the lease. Where the place has been lost, the draft is kept all the same, and the state says so.
 * Throws `draft_conflict` with what is stored where somebody (another tab, another device) saved since `revision`.
 */
export async function saveDraft(
  db: Database,
  user: SignedIn,
  assignmentId: string,
  { draft, revision, activeMs }: { draft: Draft; revision: number; activeMs?: number | undefined },
  clock: () => Date,
): Promise<KeptView> {
  const text = JSON.stringify(draft);
  if (text.length > maxDraft) throw new Refusal('too_large', `A draft has at most ${maxDraft} characters.`);
  const now = clock();
  const standing = await standingOf(db, user, assignmentId);
  const kept = await retrying(() =>
    keep(db, {
      assignmentId,
      trainerId: user.id,
      draft: { text, revision },
      activeMs: believable(activeMs, standing, now),
      now,
    }),
  );
  if (kept !== null) return keptView(kept);
  const current = await standingOf(db, user, assignmentId);
  if (current.state !== 'active' && current.state !== 'expired') throw noLongerOpen(current.state);
  throw new Refusal('draft_conflict', 'A newer draft of this was saved, in another tab or on another device.', [], {
    current: { revision: current.revision, draft: current.draft },
  });
}

/** Renews the lease; takes a place that ran out back where it is still free. */
export async function renew(
  db: Database,
  user: SignedIn,
  assignmentId: string,
  activeMs: number | undefined,
  clock: () => Date,
): Promise<KeptView> {
  const now = clock();
  const standing = await standingOf(db, user, assignmentId);
  const kept = await retrying(() =>
    keep(db, { assignmentId, trainerId: user.id, draft: null, activeMs: believable(activeMs, standing, now), now }),
  );
  if (kept === null) throw noLongerOpen((await standingOf(db, user, assignmentId)).state);
  return keptView(kept);
}

function keptView({
  state,
  leaseUntil,
  revision,
}: {
  state: AssignmentState;
  leaseUntil: Date;
  revision: number;
}): KeptView {
  return { state, leaseUntil: leaseUntil.toISOString(), revision };
}
