import { z } from 'zod';
import { kindProgress } from './projects.ts';

/** What a page says over `GET /api/live`. */
export const liveRequest = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('watch'), projectId: z.uuid() }),
  z.strictObject({ type: z.literal('unwatch'), projectId: z.uuid() }),
]);
export type LiveRequest = z.infer<typeof liveRequest>;

/** What the server says. */
export const liveMessage = z.discriminatedUnion('type', [
  /** The figures of a watched project; sent at once and whenever they change, at most twice a second. */
  z.object({ type: z.literal('progress'), projectId: z.uuid(), progress: z.array(kindProgress) }),
  /** The request before was not understood or not allowed. */
  z.object({ type: z.literal('refused'), detail: z.string() }),
]);
export type LiveMessage = z.infer<typeof liveMessage>;
