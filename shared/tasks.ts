import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { chatSubmission, chatTask } from './chats.ts';
import { comparisonSubmission, comparisonTask } from './comparisons.ts';
import { demonstrationSubmission, demonstrationTask } from './demonstrations.ts';
import { verdict } from './moderation.ts';
import { projectParams, taskKind } from './projects.ts';

/**
 * - `active`: in the trainer's hands, under a lease
 * - `submitted`: done and counted
 * - `surplus`: done, kept, but the place had been given to someone else
 * - `skipped`, `released`, `expired`: the place is free again; the draft is kept
 */
export const assignmentState = z.enum(['active', 'submitted', 'surplus', 'skipped', 'released', 'expired']);
export type AssignmentState = z.infer<typeof assignmentState>;

/** A draft's shape belongs to the page that writes it; the server keeps any JSON object of at most 4,000,000 characters. */
export const draft = z.record(z.string(), z.unknown());
export type Draft = z.infer<typeof draft>;

const assignmentBase = {
  id: z.uuid(),
  projectId: z.uuid(),
  state: assignmentState,
  leaseUntil: z.iso.datetime(),
  draft: draft.nullable(),
  /** Of the draft; 0 where none was saved. */
  revision: z.number().int(),
  /** Time at work so far, in milliseconds. */
  activeMs: z.number().int(),
};
export const assignment = z.discriminatedUnion('kind', [
  z.object({ ...assignmentBase, kind: z.literal('comparison'), task: comparisonTask }),
  z.object({ ...assignmentBase, kind: z.literal('demonstration'), task: demonstrationTask }),
  z.object({ ...assignmentBase, kind: z.literal('chat'), task: chatTask }),
]);
export type Assignment = z.infer<typeof assignment>;

export const assignmentParams = z.object({ assignmentId: z.uuid() });
const claimKinds = z.array(taskKind).min(1).max(4);

export const claim = endpoint({
  method: 'POST',
  path: '/api/projects/:projectId/claim',
  access: 'trainer',
  summary: 'Get something to do; 204 where there is nothing for you now (see the queue for why)',
  params: projectParams,
  body: z
    .strictObject({
      /** Kinds wanted, most wanted first; all where absent. */
      kinds: claimKinds.optional(),
      /**
       * Assignments that this client already shows. Work begun and not named here comes first: whatever has a draft,
       * and, where this list is given, whatever else is still in your hands.
       */
      holding: z.array(z.uuid()).max(50).optional(),
    })
    .default({}),
  response: z.object({ assignment }).nullable(),
});

/**
 * Why a queue has nothing for you.
 * - `open`: it has something
 * - `none`: no task of this kind was ever made
 * - `done`: all is submitted
 * - `in_hands`: the rest is in other hands and may come back
 * - `share`: you have done your share of what is left
 * - `authored`: you wrote what is left
 * - `not_wanted`: the round that runs does not ask for this kind
 */
export const queueReason = z.enum(['open', 'none', 'done', 'in_hands', 'share', 'authored', 'not_wanted', 'archived']);
export type QueueReason = z.infer<typeof queueReason>;

export const queue = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId/queue',
  access: 'trainer',
  summary: 'Whether there is something for you to do, and if not, why',
  params: projectParams,
  query: z.object({ kind: taskKind.optional() }),
  response: z.object({
    reason: queueReason,
    wanted: z.number().int(),
    submitted: z.number().int(),
    /** In hands now, yours included. */
    inHand: z.number().int(),
    /** When the first lease that others hold runs out, if one does. */
    nextExpiry: z.iso.datetime().nullable(),
  }),
});

export const readAssignment = endpoint({
  method: 'GET',
  path: '/api/assignments/:assignmentId',
  access: 'trainer',
  summary: 'One of your assignments with its draft and, once submitted, what you submitted as the draft',
  params: assignmentParams,
  response: z.object({ assignment }),
});

export const saveDraft = endpoint({
  method: 'PUT',
  path: '/api/assignments/:assignmentId/draft',
  access: 'trainer',
  summary: 'Save a draft and renew the lease; 409 `draft_conflict` where a newer one is stored',
  params: assignmentParams,
  body: z.strictObject({
    draft,
    /** The revision that this draft was made from. */
    revision: z.number().int().min(0),
    activeMs: z.number().int().min(0).optional(),
  }),
  response: z.object({ revision: z.number().int(), leaseUntil: z.iso.datetime(), state: assignmentState }),
});
export const renew = endpoint({
  method: 'POST',
  path: '/api/assignments/:assignmentId/renew',
  access: 'trainer',
  summary: 'Keep the lease; takes an expired place back where it is still free',
  params: assignmentParams,
  body: z.strictObject({ activeMs: z.number().int().min(0).optional() }).default({}),
  response: z.object({ leaseUntil: z.iso.datetime(), state: assignmentState }),
});

/** Which of the two it must be follows from the assignment's kind. */
export const submission = z.union([comparisonSubmission, demonstrationSubmission, chatSubmission]);
export type Submission = z.output<typeof submission>;

const ended = z.object({
  id: z.uuid(),
  state: assignmentState,
  endedAt: z.iso.datetime(),
  /** Until when the trainer may reopen it; null where they may not. */
  reopenUntil: z.iso.datetime().nullable(),
});

export const submit = endpoint({
  method: 'POST',
  path: '/api/assignments/:assignmentId/submit',
  access: 'trainer',
  summary: 'Submit; the same submission sent again gets the same answer. `surplus` where the place was lost meanwhile',
  params: assignmentParams,
  body: submission,
  response: z.object({ assignment: ended }),
});
export const skip = endpoint({
  method: 'POST',
  path: '/api/assignments/:assignmentId/skip',
  access: 'trainer',
  summary: 'Leave a task to others for a reason; you do not get it again',
  params: assignmentParams,
  body: z.strictObject({
    reason: z.string().trim().min(1, 'must say why').max(100),
    comment: z.string().max(5_000).optional(),
    activeMs: z.number().int().min(0).optional(),
  }),
  response: z.object({ assignment: ended }),
});
export const release = endpoint({
  method: 'POST',
  path: '/api/assignments/:assignmentId/release',
  access: 'trainer',
  summary: 'Give a task back; it may come to you again, with its draft',
  params: assignmentParams,
  response: z.object({ assignment: ended }),
});
export const reopen = endpoint({
  method: 'POST',
  path: '/api/assignments/:assignmentId/reopen',
  access: 'trainer',
  summary: 'Take back your own submission, within the time that the project allows',
  params: assignmentParams,
  response: z.object({ assignment }),
});

/** Reasons that the pages offer for skipping; the API takes any. */
export const skipReasons = [
  { key: 'unclear', label: 'The request cannot be understood' },
  { key: 'outside_knowledge', label: 'I do not know enough about this' },
  { key: 'language', label: 'I do not read this language' },
  { key: 'harmful', label: 'I do not want to read this' },
  { key: 'broken', label: 'Something is broken or cut off' },
  { key: 'other', label: 'Another reason' },
] as const;

const workSums = z.object({
  demonstration: z.number().int(),
  comparison: z.number().int(),
  chat: z.number().int(),
  review: z.number().int(),
  activeMs: z.number().int(),
});
export const workItem = z.object({
  id: z.uuid(),
  projectId: z.uuid(),
  projectName: z.string(),
  kind: taskKind,
  state: assignmentState,
  /** The beginning of the last thing that the user says in it. */
  title: z.string(),
  activeMs: z.number().int(),
  endedAt: z.iso.datetime().nullable(),
  reopenUntil: z.iso.datetime().nullable(),
  /** What moderation says of messages that you wrote in it, once it is finished; `text` is the beginning of the message. */
  verdicts: z.array(verdict.extend({ text: z.string() })),
});
export type WorkItem = z.infer<typeof workItem>;

export const myWork = endpoint({
  method: 'GET',
  path: '/api/work',
  access: 'trainer',
  summary: 'What you did: sums since `since` (midnight where you are) and in all, and the pieces, newest first',
  query: z.object({
    since: z.iso.datetime({ offset: true }),
    projectId: z.uuid().optional(),
    /** Where to go on: `next` of the page before. */
    after: z.string().max(100).optional(),
    limit: z.coerce.number().int().min(1).max(100).default(30),
  }),
  response: z.object({
    today: workSums,
    total: workSums,
    /** Begun and not finished: in your hands, or expired with a draft. */
    begun: z.array(workItem),
    items: z.array(workItem),
    next: z.string().nullable(),
  }),
});
