import { z } from 'zod';
import { content, hidden, maxCompletions, shownMessage } from './conversations.ts';

const label = z.string().regex(/^[A-I]$/, 'must be a letter from A to I');

/** What a trainer sees of a comparison: labels in the order shown, nothing of where a completion came from. */
export const comparisonTask = z.object({
  conversation: z.array(shownMessage),
  completions: z.array(z.object({ label: z.string(), content: z.string(), hidden })),
});
export type ComparisonTask = z.infer<typeof comparisonTask>;

/** Flags as the list of those raised; a record of yes and no is taken too. */
const raisedFlags = z.union([
  z.array(z.string().max(60)).max(40),
  z.record(z.string().max(60), z.boolean()).transform((answers) => Object.keys(answers).filter((key) => answers[key])),
]);

export const rating = z.strictObject({
  overall: z.number().int().min(1).max(10).optional(),
  flags: raisedFlags.optional(),
});
export type Rating = z.output<typeof rating>;

export const comparisonSubmission = z.strictObject({
  /** Ordered groups of labels, best first; a group of two or more is a tie. */
  ranking: z.array(z.array(label).max(maxCompletions)).min(1, 'must not be empty').max(maxCompletions),
  ratings: z.partialRecord(label, rating).optional(),
  comment: z.string().max(20_000).optional(),
  /** None of the completions is acceptable. */
  allBad: z.boolean().optional(),
  /** The answer that the trainer would have wanted. */
  rewrite: content.optional(),
  /** Time at work, idle time left out, in milliseconds. */
  activeMs: z.number().int().min(0).optional(),
});
export type ComparisonSubmission = z.output<typeof comparisonSubmission>;
