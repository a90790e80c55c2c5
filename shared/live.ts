import { z } from 'zod';
import { kindProgress } from './projects.ts';
import { streamState } from './streams.ts';

/** What a page says over `GET /api/live`. */
export const liveRequest = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('watch'), projectId: z.uuid() }),
  z.strictObject({ type: z.literal('unwatch'), projectId: z.uuid() }),
  /**
   * The rest of a completion that you asked for, from behind the first `from` characters, which the page has. Where `coming`, it
   * is only being asked for at this moment: it is waited for, for some seconds.
   */
  z.strictObject({
    type: z.literal('follow'),
    streamId: z.uuid(),
    from: z.number().int().min(0),
    coming: z.boolean().optional(),
  }),
  z.strictObject({ type: z.literal('unfollow'), streamId: z.uuid() }),
  /** Tell when something changes in one's own assignment, as from another tab. */
  z.strictObject({ type: z.literal('attend'), assignmentId: z.uuid() }),
  z.strictObject({ type: z.literal('leave'), assignmentId: z.uuid() }),
]);
export type LiveRequest = z.infer<typeof liveRequest>;

/** What the server says. */
export const liveMessage = z.discriminatedUnion('type', [
  /** The figures of a watched project; sent at once and whenever they change, at most twice a second. */
  z.object({ type: z.literal('progress'), projectId: z.uuid(), progress: z.array(kindProgress) }),
  /**
   * A piece of a followed completion. `at` counts the characters (UTF-16 code units) before it and so numbers the pieces:
   * what the page has from there on is replaced, and a page that has fewer asks again from what it has.
   */
  z.object({ type: z.literal('piece'), streamId: z.uuid(), at: z.number().int(), text: z.string() }),
  /** Sent when following begins, unless it was `coming`, and whenever the state changes; after `done`, `stopped` and `failed` nothing follows. */
  z.object({
    type: z.literal('stream'),
    streamId: z.uuid(),
    state: streamState,
    detail: z.string().nullable(),
    /** Characters of the text, so that a page knows whether it has all of it. */
    length: z.number().int(),
  }),
  /** Something changed in an attended assignment: read it again. */
  z.object({ type: z.literal('changed'), assignmentId: z.uuid() }),
  /** The request before was not understood or not allowed. */
  z.object({ type: z.literal('refused'), detail: z.string() }),
]);
export type LiveMessage = z.infer<typeof liveMessage>;
