import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { projectParams } from './projects.ts';
import { message, messageRole } from './conversations.ts';
import { moderationAction, moderationCategory } from './moderation-terms.ts';

/** What a page shows of a verdict. */
export const verdict = z.object({
  id: z.uuid(),
  categories: z.array(moderationCategory),
  action: moderationAction,
  /** Whether the person who asks has disputed it. */
  disputed: z.boolean(),
});
export type Verdict = z.infer<typeof verdict>;

export const disputeVerdict = endpoint({
  method: 'POST',
  path: '/api/verdicts/:verdictId/dispute',
  access: 'trainer',
  summary: 'Say that a verdict on a message of yours, or in your chat, is wrong',
  params: z.object({ verdictId: z.uuid() }),
  body: z.strictObject({ comment: z.string().trim().max(5_000).default('') }),
  response: z.object({ verdict }),
});

/** Disputed verdicts are false positives if upheld; a report that moderation missed something is a false negative. */
export const disputeKind = z.enum(['false_positive', 'false_negative']);
export const dispute = z.object({
  id: z.uuid(),
  kind: disputeKind,
  /** Null where none was given: it was missed. */
  categories: z.array(moderationCategory),
  action: moderationAction.nullable(),
  source: z.string(),
  role: messageRole,
  content: z.string(),
  comment: z.string(),
  by: z.object({ id: z.uuid(), name: z.string() }),
  at: z.iso.datetime(),
  /** What an admin said: `right` agrees with the dispute. */
  resolution: z.enum(['right', 'wrong']).nullable(),
});
export type Dispute = z.infer<typeof dispute>;

export const listDisputes = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId/disputes',
  access: 'admin',
  summary: 'Disputed verdicts and what moderation is said to have missed, the newest first',
  params: projectParams,
  query: z.object({
    before: z.string().max(100).optional(),
    limit: z.coerce.number().int().min(1).max(100).default(50),
  }),
  response: z.object({ disputes: z.array(dispute), next: z.string().nullable() }),
});
export const resolveDispute = endpoint({
  method: 'PUT',
  path: '/api/disputes/:disputeId',
  access: 'admin',
  summary: 'Settle a dispute, or open it again',
  params: z.object({ disputeId: z.uuid() }),
  body: z.strictObject({ resolution: z.enum(['right', 'wrong']).nullable() }),
  response: z.object({ dispute }),
});
export const exportDisputes = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId/disputes/export',
  access: 'admin',
  summary: 'Disputes as streamed JSON Lines: {text, role, kind, categories, source, resolution}',
  params: projectParams,
  response: 'stream',
});
export const tryModeration = endpoint({
  method: 'POST',
  path: '/api/projects/:projectId/moderation/try',
  access: 'admin',
  summary: 'What the moderation of this project says of a text',
  params: projectParams,
  body: z.strictObject({ content: message.shape.content }),
  response: z.object({ source: z.string(), categories: z.array(moderationCategory), action: moderationAction }),
});
