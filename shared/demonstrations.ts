import { z } from 'zod';
import { maxMessageCharacters, maxMessages, message, shownMessage } from './conversations.ts';

/** Characters of suggestions that one dialogue may take: comparing them with what became of them costs more than reading them. */
const maxInserted = 1_000_000;

/** What a trainer starts from: the prompt's messages, to be gone on from. */
export const demonstrationTask = z.object({ conversation: z.array(shownMessage) });
export type DemonstrationTask = z.infer<typeof demonstrationTask>;

export const demonstrationSubmission = z.strictObject({
  /** The whole dialogue, ending with the assistant. */
  messages: z.array(message).min(2, 'must have at least a user and an assistant message').max(maxMessages),
  /**
   * Where text of the trainer's came from: the turn by its index in `messages`, the suggestion, and what of it was put in.
   * Suggestions that are not named were not taken.
   */
  suggestions: z
    .array(
      z.strictObject({
        index: z.number().int().min(0).nullable(),
        suggestionId: z.uuid(),
        inserted: z.string().max(maxMessageCharacters),
      }),
    )
    .max(400)
    .refine(
      (taken) => taken.reduce((sum, { inserted }) => sum + inserted.length, 0) <= maxInserted,
      `must have at most ${maxInserted} characters in all`,
    )
    .optional(),
  comment: z.string().max(20_000).optional(),
  /** Time at work, idle time left out, in milliseconds. */
  activeMs: z.number().int().min(0).optional(),
});
export type DemonstrationSubmission = z.output<typeof demonstrationSubmission>;
