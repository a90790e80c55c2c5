import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { maxCompletions } from './conversations.ts';
import { projectParams, taskKind } from './projects.ts';

/** How many of the alternatives come from which model; where another number is wanted, in these proportions. */
export const mix = z
  .array(z.strictObject({ modelId: z.uuid(), count: z.number().int().min(1).max(maxCompletions) }))
  .min(1, 'must name a model')
  .max(maxCompletions)
  .refine((parts) => new Set(parts.map(({ modelId }) => modelId)).size === parts.length, 'names a model twice');
export type Mix = z.infer<typeof mix>;

export const newRound = z.strictObject({
  name: z.string().trim().max(100).default(''),
  /** Whom trainers chat with, and whose suggestions they see. */
  policyModelId: z.uuid(),
  mix,
  /** Kinds of task that are handed out. */
  kinds: z.array(taskKind).min(1, 'must name a kind of task').max(4),
});
export type NewRound = z.output<typeof newRound>;

const modelRef = z.object({ id: z.uuid(), name: z.string() });

export const round = z.object({
  id: z.uuid(),
  /** From 1, in the order in which they began. */
  number: z.number().int(),
  name: z.string(),
  policyModel: modelRef,
  mix: z.array(z.object({ model: modelRef, count: z.number().int() })),
  kinds: z.array(taskKind),
  startedAt: z.iso.datetime(),
  /** When the next one began; null for the one that runs. */
  endedAt: z.iso.datetime().nullable(),
});
export type Round = z.infer<typeof round>;

/** What was collected in a round, and between its models, who was preferred how often. */
export const roundFigures = z.object({
  roundId: z.uuid(),
  demonstrations: z.number().int(),
  chats: z.number().int(),
  comparisons: z.number().int(),
  rankings: z.number().int(),
  /** Pairs of completions of two models, over all rankings of the round: `better` was placed above `worse`, or tied. */
  preferences: z.array(
    z.object({
      a: z.string(),
      b: z.string(),
      aBetter: z.number().int(),
      tied: z.number().int(),
      bBetter: z.number().int(),
    }),
  ),
});
export type RoundFigures = z.infer<typeof roundFigures>;

export const startRound = endpoint({
  method: 'POST',
  path: '/api/projects/:projectId/rounds',
  access: 'admin',
  summary: 'Begin the next round: everything made from now on carries it',
  params: projectParams,
  body: newRound,
  response: z.object({ round }),
  status: 201,
});
export const listRounds = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId/rounds',
  access: 'admin',
  summary: 'The rounds, the newest first, with what was collected in each',
  params: projectParams,
  response: z.object({ rounds: z.array(z.object({ ...round.shape, figures: roundFigures.omit({ roundId: true }) })) }),
});
