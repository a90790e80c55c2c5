/**
 * All of a project as JSON Lines, to move it to another Duologue: one object a line, each with its `type`. Whatever a line
 * names stands before it, so that a reader needs to look at no line twice: the header, people, rounds; prompts, dialogues,
 * demonstrations and chats in the order of their ids; comparisons, each with its rankings; feedback. People stand under pseudonyms or names, one for each; ids stay.
 *
 * It holds what there was at a moment, what was taken back, surplus or replaced by then included, with the mark of it. Left out
 * is what can only be seen as it is now, or means nothing elsewhere: work in hand and drafts, tasks (they are made anew), skips,
 * members and accounts, models save for their names, suggestions that nothing was taken from, disputes of moderation,
 * and what admins said of these and of reports.
 */
import { z } from 'zod';
import { rating } from './comparisons.ts';
import { content, maxCompletions, maxMessages, messageRole, minCompletions } from './conversations.ts';
import { reportReason } from './feedback.ts';
import { parameters } from './models.ts';
import { moderationAction, moderationCategory } from './moderation-terms.ts';
import { newProject, overlaps, rubric, taskKind } from './projects.ts';

const id = z.uuid();
/** ISO 8601 in UTC, to the microsecond. */
const at = z.iso.datetime();
const person = z.string().min(1).max(300);
const model = z.string().min(1).max(300);
const roundNumber = z.number().int().min(1).nullable();
/** Whatever else an import said. */
const extra = z.record(z.string(), z.unknown()).nullable();
const mix = z.array(z.strictObject({ model, count: z.number().int().min(1) })).max(maxCompletions);
const int32 = z
  .number()
  .int()
  .min(-(2 ** 31))
  .max(2 ** 31 - 1);

const settings = newProject.shape;
export const rawHeader = z.strictObject({
  type: z.literal('duologue'),
  /** 1 told of a chat only where it ended last. */
  version: z.literal(2),
  moment: at,
  project: z.strictObject({
    id,
    name: settings.name,
    guidelines: settings.guidelines.unwrap(),
    rubric,
    overlap: overlaps,
    completionsPerComparison: settings.completionsPerComparison.unwrap(),
    limits: z.strictObject({ maxTurns: z.number().int(), maxCharacters: z.number().int() }),
    leaseMinutes: settings.leaseMinutes.unwrap(),
    reopenMinutes: settings.reopenMinutes.unwrap(),
    pick: settings.pick.unwrap(),
    ownWords: settings.ownWords.unwrap(),
    rankOwnChats: settings.rankOwnChats.unwrap(),
    /** The model that judges is left out. */
    moderation: z.partialRecord(moderationCategory, moderationAction),
  }),
});

export const rawPerson = z.strictObject({ type: z.literal('person'), name: person });

export const rawRound = z.strictObject({
  type: z.literal('round'),
  id,
  number: z.number().int().min(1),
  name: z.string().max(100),
  policyModel: model,
  mix,
  kinds: z.array(taskKind).max(4),
  startedAt: at,
  endedAt: at.nullable(),
});

/** What a model was asked and said, where a message is, or began as, that; the text only where it is another. */
const generation = z.strictObject({
  id,
  purpose: z.enum(['chat', 'suggestion', 'alternative', 'side']),
  model,
  role: z.enum(['user', 'assistant']),
  parameters,
  seed: int32,
  state: z.enum(['done', 'stopped', 'failed']),
  text: z.string().nullable(),
  finishReason: z.string().nullable(),
  usage: z.strictObject({ input: z.number().int(), output: z.number().int() }).nullable(),
  createdAt: at,
  endedAt: at.nullable(),
});

/** What moderation said of a message, so that what it hides stays hidden. */
const verdict = z.strictObject({
  id,
  /** `rules`, or the name of the model that judged. */
  source: z.string().max(300),
  categories: z.array(moderationCategory),
  action: moderationAction,
  createdAt: at,
});

export const rawMessage = z.strictObject({
  id,
  /** A message before this one; null for the first. */
  parent: id.nullable(),
  role: messageRole,
  content,
  by: z.enum(['trainer', 'model', 'import']),
  author: person.nullable(),
  model: model.nullable(),
  generationId: id.nullable(),
  generation: generation.nullable(),
  verdict: verdict.nullable(),
  editDistance: z.number().nullable(),
  externalId: z.string().max(500).nullable(),
  extra,
  createdAt: at,
});

/** The piece of work in which it was submitted, and the time at work by then, where that is known; of a chat its endings tell it. */
const assignment = z.strictObject({ id, activeMs: int32.min(0).nullable() }).nullable();

/** A submission of a chat, which may have been taken back. */
const ending = z.strictObject({
  id,
  /** The last message of the path on which it ended. */
  leaf: id,
  comment: z.string().nullable(),
  surplus: z.boolean(),
  activeMs: int32.min(0).nullable(),
  createdAt: at,
  withdrawnAt: at.nullable(),
});

export const rawConversation = z.strictObject({
  type: z.literal('conversation'),
  id,
  kind: z.enum(['prompt', 'dialogue', 'demonstration', 'chat']),
  source: z.string().max(500).nullable(),
  importKey: z.string().max(700).nullable(),
  contentHash: z.string().max(100).nullable(),
  author: person.nullable(),
  /** The conversation whose prompt it answers. */
  prompt: id.nullable(),
  round: roundNumber,
  dialogue: z.boolean(),
  comment: z.string().nullable(),
  surplus: z.boolean(),
  extra,
  assignment,
  createdAt: at,
  withdrawnAt: at.nullable(),
  messages: z.array(rawMessage).max(10 * maxMessages),
  /** Of a chat, in the order of time; at most one stands. */
  endings: z.array(ending).max(1_000).nullable(),
});

export const rawComparison = z.strictObject({
  type: z.literal('comparison'),
  id,
  conversation: id,
  /** The message that the completions answer. */
  prompt: id,
  completions: z.array(id).min(minCompletions).max(maxCompletions),
  round: roundNumber,
  /** How the completions were come by, where they were sampled. */
  sampling: z
    .strictObject({
      id,
      origin: z.enum(['chat', 'pool', 'side']),
      original: id.nullable(),
      pickSeed: int32.nullable(),
      pickedFrom: int32.nullable(),
      /** Whoever is not to rank it. */
      authors: z.array(person).max(1_000),
      mix,
      wanted: z.number().int(),
      parameters: parameters.nullable(),
      seed: int32,
      createdAt: at,
      endedAt: at.nullable(),
    })
    .nullable(),
  createdAt: at,
});

export const rawRanking = z.strictObject({
  type: z.literal('ranking'),
  id,
  comparison: id,
  trainer: person.nullable(),
  assignment,
  /** Ordered groups of indexes of completions, best first. */
  groups: z.array(z.array(z.number().int().min(0)).min(1)).max(maxCompletions),
  /** The indexes in the order in which they were shown. */
  shown: z.array(z.number().int().min(0)).max(maxCompletions).nullable(),
  ratings: z.record(z.string().regex(/^\d$/), rating).nullable(),
  round: roundNumber,
  comment: z.string().nullable(),
  allBad: z.boolean(),
  rewrite: z.string().nullable(),
  surplus: z.boolean(),
  createdAt: at,
  withdrawnAt: at.nullable(),
});

export const rawFeedback = z.strictObject({
  type: z.literal('feedback'),
  id,
  message: id,
  person,
  thumb: z.enum(['up', 'down']).nullable(),
  text: z.string(),
  report: z.strictObject({ reason: reportReason, text: z.string() }).nullable(),
  at,
  replacedAt: at.nullable(),
});

export const rawLine = z.discriminatedUnion('type', [
  rawHeader,
  rawPerson,
  rawRound,
  rawConversation,
  rawComparison,
  rawRanking,
  rawFeedback,
]);
export type RawLine = z.output<typeof rawLine>;
export type RawOf<T extends RawLine['type']> = Extract<RawLine, { type: T }>;
export type RawMessage = z.output<typeof rawMessage>;
