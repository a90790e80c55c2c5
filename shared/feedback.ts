import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { projectParams } from './projects.ts';

export const reportReasons = ['harmful', 'false', 'refused_wrongly', 'moderation_wrong'] as const;
export const reportReason = z.enum(reportReasons);
export type ReportReason = z.infer<typeof reportReason>;

/** What a person says about a message that a model wrote. */
export const feedback = z.strictObject({
  thumb: z.enum(['up', 'down']).nullable(),
  text: z.string().max(20_000),
  report: z.strictObject({ reason: reportReason, text: z.string().max(5_000) }).nullable(),
});
export type Feedback = z.infer<typeof feedback>;

export const giveFeedback = endpoint({
  method: 'PUT',
  path: '/api/messages/:messageId/feedback',
  access: 'trainer',
  summary: 'Say what you think of a message that a model wrote in your chat; takes the place of what you said before',
  params: z.object({ messageId: z.uuid() }),
  body: feedback,
  response: z.object({ feedback }),
});

export const feedbackItem = z.object({
  id: z.uuid(),
  messageId: z.uuid(),
  feedback,
  by: z.object({ id: z.uuid(), name: z.string() }),
  at: z.iso.datetime(),
  model: z.string(),
  roundNumber: z.number().int().nullable(),
  /** What the user said before it, and the message itself; each at most its first 2,000 characters. */
  prompt: z.string(),
  content: z.string(),
});
export type FeedbackItem = z.infer<typeof feedbackItem>;

export const listFeedback = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId/feedback',
  access: 'admin',
  summary: 'What people said of model-written messages, the newest first, with sums for each model',
  params: projectParams,
  query: z.object({
    kind: z.enum(['all', 'up', 'down', 'text', 'report']).default('all'),
    before: z.string().max(100).optional(),
    limit: z.coerce.number().int().min(1).max(100).default(30),
  }),
  response: z.object({
    sums: z.array(
      z.object({
        model: z.string(),
        up: z.number().int(),
        down: z.number().int(),
        texts: z.number().int(),
        reports: z.number().int(),
      }),
    ),
    items: z.array(feedbackItem),
    next: z.string().nullable(),
  }),
});
export const exportFeedback = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId/feedback/export',
  access: 'admin',
  summary: 'Feedback as streamed JSON Lines: {prompt, completion, model, thumb, text, report, trainer}',
  params: projectParams,
  response: 'stream',
});
