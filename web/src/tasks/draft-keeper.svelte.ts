import { z } from 'zod';
import {
  draft as draftSchema,
  saveDraft,
  type Assignment,
  type AssignmentState,
  type Draft,
} from '../../../shared/tasks.ts';
import { call, explain, Offline, Refused, type CallOptions } from '../api.ts';
import type { ActiveTime } from './active-time.ts';
import { readStored, removeStored, storedKeys, writeStored } from './device-store.ts';
import { DraftSync, openingOf, type DraftStatus, type SaveAnswer, type StoredDraft } from './draft.ts';

const localDraft = z.object({
  draft: draftSchema,
  revision: z.number().int(),
  unsent: z.boolean(),
  sent: draftSchema.nullable(),
  activeMs: z.number(),
  keptAt: z.number(),
});

/** A draft that the server holds too is let go of after so long, in milliseconds. */
const keptFor = 7 * 24 * 60 * 60_000;

/** Makes room: lets go of old drafts that hold nothing the server does not have. */
export function forgetOldDrafts(userId: string, now: number): void {
  for (const key of storedKeys(`draft.${userId}.`)) {
    const local = readStored(key, localDraft);
    if (local === null || (!local.unsent && now - local.keptAt > keptFor)) removeStored(key);
  }
}

/** Statuses of an answer after which the same request may well succeed. */
const passing = new Set(['not_signed_in', 'too_many_requests', 'unavailable', 'internal', 'storage_full']);
export const isPassing = (error: unknown): boolean =>
  error instanceof Offline || (error instanceof Refused && passing.has(error.problem.code));

const keyOf = (userId: string, assignmentId: string): string => `draft.${userId}.${assignmentId}`;

/** Lets go of what this browser kept of a draft, once the server has its submission. */
export function forgetDraft(userId: string, assignmentId: string): void {
  removeStored(keyOf(userId, assignmentId));
}

/** Time at work that is known for an assignment, here or on the server, in milliseconds. */
export function knownActiveMs(userId: string, { id, activeMs }: Assignment): number {
  return Math.max(activeMs, readStored(keyOf(userId, id), localDraft)?.activeMs ?? 0);
}

/** One assignment's draft as a page sees it: what to begin with, whether it is safe, and what to choose from. */
export class DraftKeeper {
  status = $state<DraftStatus>('saved');
  message = $state('');
  theirs = $state.raw<StoredDraft | null>(null);
  /** False where this browser has no room or does not keep anything: then only the server does. */
  keptHere = $state(true);
  /** Something was changed since this was opened. */
  touched = $state(false);
  /** The draft to begin with; null where none was made. */
  readonly begun: Draft | null;
  #sync: DraftSync;

  constructor(
    assignment: Assignment,
    userId: string,
    active: ActiveTime,
    onsaved: (leaseUntil: string, state: AssignmentState) => void,
  ) {
    const key = keyOf(userId, assignment.id);
    const opening = openingOf(assignment, readStored(key, localDraft));
    this.begun = opening.draft;
    this.#sync = new DraftSync({
      opening,
      send: async (draft, revision, leaving, signal) => {
        const body = { draft, revision, activeMs: Math.round(active.read(Date.now())) };
        const answer = await save(assignment.id, body, { keepalive: leaving, signal });
        if (answer.kind === 'saved') onsaved(answer.leaseUntil, answer.state);
        return answer;
      },
      keep: (local) => {
        this.keptHere = writeStored(key, {
          ...local,
          activeMs: Math.round(active.read(Date.now())),
          keptAt: Date.now(),
        });
      },
      onchange: () => this.#show(),
    });
    this.#show();
    if (assignment.state === 'expired') this.lose();
  }

  /** The draft as it is now. */
  get draft(): Draft | null {
    return this.#sync.draft;
  }

  get revision(): number {
    return this.#sync.revision;
  }

  change(draft: Draft): void {
    this.touched = true;
    this.#sync.change(draft);
  }

  flush(leaving = false): void {
    this.#sync.flush(leaving);
  }

  /** Sends nothing until `resume`: the assignment is about to end. */
  hold(): void {
    this.#sync.hold();
  }

  /** The assignment did not end after all. */
  resume(): void {
    this.#sync.resume();
  }

  close(): void {
    this.#sync.close();
  }

  /** The place has been given to someone else. */
  lose(): void {
    if (this.status !== 'conflict') this.status = 'given_away';
  }

  /** The place is in this person's hands again. */
  regain(): void {
    if (this.status !== 'given_away') return;
    this.#show();
    if (this.status === 'given_away') this.status = 'saved';
    this.flush();
  }

  useTheirs(): void {
    this.#sync.useTheirs();
  }

  keepMine(): void {
    this.#sync.keepMine();
  }

  #show(): void {
    this.status = this.#sync.status;
    this.message = this.#sync.message;
    this.theirs = this.#sync.theirs;
  }
}

async function save(
  assignmentId: string,
  body: { draft: Draft; revision: number; activeMs: number },
  options: CallOptions,
): Promise<SaveAnswer> {
  try {
    const answer = await call(saveDraft, { params: { assignmentId }, body }, options);
    return { kind: 'saved', ...answer };
  } catch (error) {
    if (error instanceof Refused) {
      const { code, current } = error.problem;
      const stored = current === undefined ? null : draftSchema.nullable().safeParse(current.draft);
      if (code === 'draft_conflict' && current && stored?.success) {
        return { kind: 'conflict', stored: { draft: stored.data, revision: current.revision } };
      }
      if (code === 'lease_lost' || code === 'already_submitted') return { kind: 'given_away' };
    }
    return isPassing(error) ? { kind: 'unreachable' } : { kind: 'refused', message: explain(error) };
  }
}
