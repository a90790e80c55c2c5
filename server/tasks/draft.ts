import { isDeepStrictEqual } from 'node:util';
import type { AssignmentState, Draft } from '../../shared/tasks.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Database } from '../db/database.ts';
import { Refusal } from '../problem.ts';
import { noLongerOpen, standingOf } from './assignment.ts';
import { keep } from './queries/lease.ts';
import { retrying } from '../db/retry.ts';

/** Characters of JSON: 100 messages of 30,000 fit. */
const maxDraft = 4_000_000;

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
  const kept = await retrying(() =>
    keep(db, { assignmentId, trainerId: user.id, draft: { text, revision }, activeMs: activeMs ?? 0, now: clock() }),
  );
  if (kept !== null) return keptView(kept);
  const current = await standingOf(db, user, assignmentId);
  if (current.state !== 'active' && current.state !== 'expired') throw noLongerOpen(current.state);
  // The same save sent again, because its answer was lost.
  if (current.revision === revision + 1 && isDeepStrictEqual(current.draft, draft))
    return { state: current.state, leaseUntil: current.leaseUntil.toISOString(), revision: current.revision };
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
  const kept = await retrying(() =>
    keep(db, { assignmentId, trainerId: user.id, draft: null, activeMs: activeMs ?? 0, now: clock() }),
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
