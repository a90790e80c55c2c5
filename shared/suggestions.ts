import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { message } from './conversations.ts';
import { stream } from './streams.ts';

/** A turn has at most so many suggestions at a time. */
export const maxSuggestions = 4;

/**
 * What became of a suggestion.
 * - `ignored`: nothing of it was taken
 * - `inserted`: it, or a part, was taken and stands as it was
 * - `edited`: it was taken and then changed
 * - `removed`: it was taken, and the turn is not in what was submitted
 */
export const suggestionFate = z.enum(['ignored', 'inserted', 'edited', 'removed']);
export type SuggestionFate = z.infer<typeof suggestionFate>;

export const suggest = endpoint({
  method: 'POST',
  path: '/api/assignments/:assignmentId/suggestions',
  access: 'trainer',
  summary: "Have the model suggest the turn that follows these messages, the user's as well as the assistant's",
  params: z.object({ assignmentId: z.uuid() }),
  body: z.strictObject({
    /** What stands before the turn; empty for a first turn of the user. */
    messages: z.array(message).max(400),
    role: z.enum(['user', 'assistant']),
    count: z.number().int().min(1).max(maxSuggestions).default(maxSuggestions),
  }),
  response: z.object({
    suggestions: z.array(stream),
    /** They are recorded texts, of the demo. */
    demo: z.boolean(),
  }),
});
