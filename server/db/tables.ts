import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  real,
  smallint,
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import type { Role } from '../../shared/endpoint.ts';
import type { MessageRole } from '../../shared/conversations.ts';
import type { ReportReason } from '../../shared/feedback.ts';
import type { ModelCheck, Parameters, Provider } from '../../shared/models.ts';
import type { ModerationAction, ModerationCategory } from '../../shared/moderation-terms.ts';
import type { ModerationSettings, Rubric, TaskKind } from '../../shared/projects.ts';
import type { RawOf } from '../../shared/raw.ts';
import type { PiiKind, ReleaseDefinition, ReleaseFigures, ReleaseState, Remark, Split } from '../../shared/releases.ts';
import type { Mix } from '../../shared/rounds.ts';
import type { SamplingState } from '../../shared/samplings.ts';
import type { StreamState } from '../../shared/streams.ts';
import type { SuggestionFate } from '../../shared/suggestions.ts';
import type { AssignmentState, Draft } from '../../shared/tasks.ts';
import type { Rating } from '../../shared/comparisons.ts';
import type { AuthorKind } from '../conversations/author.ts';

/*
 * Ids are UUID version 7 made by the server: whole trees are written without a round trip for their ids, and as they grow
 * with time, new rows go to the right edge of each index.
 *
 * Foreign keys are declared where rows are written one by one. The bulk of the data (messages, comparisons, tasks) comes in
 * by imports, which write a conversation with all that hangs on it in one statement; only the erasing of a person deletes.
 */

const moment = (name: string) => timestamp(name, { withTimezone: true });
const createdAt = () => moment('created_at').notNull().defaultNow();

/** What a submission bears, beside what was submitted. */
const submission = () => ({
  /** Submitted when the place was already someone else's. */
  surplus: boolean('surplus').notNull().default(false),
  /** Time at work by when it was submitted, in milliseconds; null where that is not known. */
  activeMs: integer('active_ms'),
  /** When the trainer took the submission back. Rows stay, so that a past moment can be seen again. */
  withdrawnAt: moment('withdrawn_at'),
});

// ---- accounts ----

export const users = pgTable(
  'users',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    /** Lower case. Null for people whom an import brought along: they have no account. */
    email: text('email'),
    role: text('role').$type<Role>().notNull(),
    /** argon2id, in PHC string format. */
    passwordHash: text('password_hash'),
    disabled: boolean('disabled').notNull().default(false),
    createdAt: createdAt(),
    /** When all that they made was deleted on their request. */
    erasedAt: moment('erased_at'),
  },
  (t) => [
    uniqueIndex('users_email').on(t.email),
    // One person per imported name, so that the same trainer of two files is one.
    uniqueIndex('users_imported_name')
      .on(t.name)
      .where(sql`${t.email} is null`),
  ],
);

export const sessions = pgTable(
  'sessions',
  {
    /** SHA-256 of the id in the cookie, hexadecimal: what is stolen from here opens nothing. */
    hash: text('hash').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    expiresAt: moment('expires_at').notNull(),
  },
  (t) => [index('sessions_user').on(t.userId)],
);

export const tokens = pgTable(
  'tokens',
  {
    id: uuid('id').primaryKey(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    /** SHA-256 of the token, hexadecimal. */
    hash: text('hash').notNull(),
    createdAt: createdAt(),
    lastUsedAt: moment('last_used_at'),
  },
  (t) => [uniqueIndex('tokens_hash').on(t.hash), index('tokens_user').on(t.userId)],
);

export const invitations = pgTable(
  'invitations',
  {
    id: uuid('id').primaryKey(),
    /** SHA-256 of the token in the link, hexadecimal. */
    hash: text('hash').notNull(),
    email: text('email'),
    role: text('role').$type<Role>().notNull(),
    projectIds: uuid('project_ids').array().notNull(),
    createdAt: createdAt(),
    expiresAt: moment('expires_at').notNull(),
    acceptedBy: uuid('accepted_by').references(() => users.id),
  },
  (t) => [uniqueIndex('invitations_hash').on(t.hash)],
);

/** Failed sign-ins, by `account:<email>` and `address:<ip>`; kept here so that they count across server processes. */
export const signInFailures = pgTable('sign_in_failures', {
  key: text('key').primaryKey(),
  failures: integer('failures').notNull(),
  lastAt: moment('last_at').notNull(),
});

export const audit = pgTable('audit', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  at: moment('at').notNull().defaultNow(),
  /** Null where the command line acted. */
  actorId: uuid('actor_id').references(() => users.id),
  action: text('action').notNull(),
  subject: text('subject').notNull(),
  details: jsonb('details').$type<Record<string, unknown>>().notNull(),
});

// ---- models ----

/** Registered sources of completions, and servers that judge texts. They are archived, never deleted: what they wrote names them. */
export const models = pgTable(
  'models',
  {
    id: uuid('id').primaryKey(),
    name: text('name').notNull(),
    provider: text('provider').$type<Provider>().notNull(),
    baseUrl: text('base_url'),
    /** The id under which its server knows it. */
    model: text('model').notNull(),
    /** Encrypted (models/sealed.ts). */
    apiKey: text('api_key'),
    parameters: jsonb('parameters').$type<Parameters>().notNull(),
    concurrency: integer('concurrency').notNull(),
    /** US dollars for a million tokens. */
    price: jsonb('price').$type<{ input: number; output: number }>(),
    /** What the last check found. */
    check: jsonb('check').$type<ModelCheck>(),
    archived: boolean('archived').notNull().default(false),
    createdAt: createdAt(),
  },
  (t) => [uniqueIndex('models_name').on(t.name)],
);

// ---- projects ----

export const projects = pgTable('projects', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  guidelines: text('guidelines').notNull(),
  rubric: jsonb('rubric').$type<Rubric>().notNull(),
  overlap: jsonb('overlap').$type<Record<TaskKind, number>>().notNull(),
  completionsPerComparison: smallint('completions_per_comparison').notNull(),
  limits: jsonb('limits').$type<{ maxTurns: number; maxCharacters: number }>().notNull(),
  leaseMinutes: integer('lease_minutes').notNull(),
  reopenMinutes: integer('reopen_minutes').notNull(),
  pick: jsonb('pick').$type<{ minDepth: number }>().notNull().default({ minDepth: 1 }),
  ownWords: smallint('own_words').notNull().default(0),
  rankOwnChats: boolean('rank_own_chats').notNull().default(false),
  moderation: jsonb('moderation').$type<ModerationSettings>().notNull().default({ modelId: null, actions: {} }),
  /** The round that runs; null before the first. What is made carries it. */
  roundId: uuid('round_id'),
  archived: boolean('archived').notNull().default(false),
  createdAt: createdAt(),
});

/** Iterations of a project, each tied to the policy model of its time. */
export const rounds = pgTable(
  'rounds',
  {
    id: uuid('id').primaryKey(),
    projectId: uuid('project_id')
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    /** From 1. */
    number: integer('number').notNull(),
    name: text('name').notNull(),
    policyModelId: uuid('policy_model_id')
      .notNull()
      .references(() => models.id),
    mix: jsonb('mix').$type<Mix>().notNull(),
    kinds: text('kinds').array().$type<TaskKind[]>().notNull(),
    startedAt: moment('started_at').notNull(),
    endedAt: moment('ended_at'),
  },
  (t) => [uniqueIndex('rounds_number').on(t.projectId, t.number)],
);

export const members = pgTable(
  'members',
  {
    projectId: uuid('project_id')
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
  },
  (t) => [primaryKey({ columns: [t.projectId, t.userId] }), index('members_user').on(t.userId)],
);

// ---- conversations ----

/**
 * - `prompt`: what an import asks to be answered, or brings along answers to that are to be ranked
 * - `dialogue`: an imported dialogue or tree
 * - `demonstration`: written by a trainer here
 * - `chat`: between a trainer and a model
 */
export type ConversationKind = 'prompt' | 'dialogue' | 'demonstration' | 'chat';

export const conversations = pgTable(
  'conversations',
  {
    id: uuid('id').primaryKey(),
    projectId: uuid('project_id')
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    kind: text('kind').$type<ConversationKind>().notNull(),
    /** Where an import says it is from. */
    source: text('source'),
    /** The import's own id, or the hash of its content: the same line twice is one conversation. */
    importKey: text('import_key'),
    /** SHA-256 of the content as imported, hexadecimal. */
    contentHash: text('content_hash'),
    /** What else an import said of the whole, to be given out again. */
    extra: jsonb('extra').$type<Record<string, unknown>>(),
    /** The trainer who wrote it. */
    authorId: uuid('author_id').references(() => users.id),
    /** The conversation whose prompt it answers. */
    promptId: uuid('prompt_id'),
    assignmentId: uuid('assignment_id'),
    /** The round in which it was made. */
    roundId: uuid('round_id'),
    /** Whether it is one path with an assistant's message in it, as an SFT row is. */
    dialogue: boolean('dialogue').notNull().default(false),
    /** What the trainer said about it on submitting; a chat, which is submitted as it is, has this in its endings. */
    comment: text('comment'),
    createdAt: createdAt(),
    ...submission(),
  },
  (t) => [
    uniqueIndex('conversations_import').on(t.projectId, t.importKey),
    index('conversations_kind').on(t.projectId, t.kind, t.id),
    index('conversations_assignment')
      .on(t.assignmentId)
      .where(sql`${t.assignmentId} is not null`),
    index('conversations_round').on(t.roundId, t.kind),
  ],
);

/** Submissions of chats. One is a row of its own, for a chat that is taken back goes on and ends elsewhere. */
export const chatEndings = pgTable(
  'chat_endings',
  {
    id: uuid('id').primaryKey(),
    conversationId: uuid('conversation_id').notNull(),
    /** The last message of the path on which it ended. */
    leafId: uuid('leaf_id').notNull(),
    /** What the trainer said about it on submitting. */
    comment: text('comment'),
    createdAt: createdAt(),
    ...submission(),
  },
  (t) => [index('chat_endings_conversation').on(t.conversationId)],
);

export const messages = pgTable(
  'messages',
  {
    id: uuid('id').primaryKey(),
    conversationId: uuid('conversation_id').notNull(),
    /** Null for the root. */
    parentId: uuid('parent_id'),
    role: text('role').$type<MessageRole>().notNull(),
    content: text('content').notNull(),
    authorKind: text('author_kind').$type<AuthorKind>().notNull(),
    /** The trainer, where one wrote it. */
    authorId: uuid('author_id'),
    /** The model's name, where one wrote it. Never sent to a trainer. */
    model: text('model'),
    /** What a model wrote here: this generation. What a trainer wrote: the suggestion that it began as. */
    generationId: uuid('generation_id'),
    /** From the suggestion as inserted to the text as submitted, 0 to 1 (shared/edit-distance.ts). */
    editDistance: real('edit_distance'),
    /** The import's own id of the message. */
    externalId: text('external_id'),
    /** What else an import said of it, to be given out again. */
    extra: jsonb('extra').$type<Record<string, unknown>>(),
    createdAt: createdAt(),
  },
  (t) => [index('messages_conversation').on(t.conversationId)],
);

/**
 * What models were asked to write here, and how far they came. `owner` is the server process that writes it; where that one
 * shows no sign of life any more, another takes it over (models/streams.ts).
 */
export const generations = pgTable(
  'generations',
  {
    id: uuid('id').primaryKey(),
    /** `chat` and `alternative` write a message of a tree, `suggestion` and `side` only a text. */
    purpose: text('purpose').$type<'chat' | 'suggestion' | 'alternative' | 'side'>().notNull(),
    projectId: uuid('project_id').notNull(),
    roundId: uuid('round_id'),
    modelId: uuid('model_id')
      .notNull()
      .references(() => models.id),
    /** Who asked; null for an alternative. */
    trainerId: uuid('trainer_id'),
    assignmentId: uuid('assignment_id'),
    /** Of a chat: the message that it answers. The answer will have the generation's id. */
    parentId: uuid('parent_id'),
    /** Of an alternative: what it is sampled for. Of side by side: what is shown together. */
    groupId: uuid('group_id'),
    /** Whose turn it writes. */
    role: text('role').$type<'user' | 'assistant'>().notNull().default('assistant'),
    /** What was asked, as sent to the model; kept so that another process can ask again. */
    prompt: jsonb('prompt').$type<{ role: MessageRole; content: string }[]>().notNull(),
    parameters: jsonb('parameters').$type<Parameters>().notNull(),
    seed: integer('seed').notNull(),
    state: text('state').$type<StreamState>().notNull(),
    detail: text('detail'),
    text: text('text').notNull().default(''),
    finishReason: text('finish_reason'),
    /** Tokens, as the model server counted them. */
    usage: jsonb('usage').$type<{ input: number; output: number }>(),
    owner: uuid('owner'),
    createdAt: createdAt(),
    firstTokenAt: moment('first_token_at'),
    endedAt: moment('ended_at'),
    /** Of a suggestion: what became of it, once the dialogue was submitted. */
    fate: text('fate').$type<SuggestionFate>(),
    /**
     * Of a suggestion: what of it was put in, and into which message of what was submitted (null: it is gone); `place` is
     * the order in which all that was taken is told.
     */
    taken: jsonb('taken').$type<{ place: number; index: number | null; inserted: string }[]>(),
    editDistance: real('edit_distance'),
  },
  (t) => [
    index('generations_assignment')
      .on(t.assignmentId)
      .where(sql`${t.assignmentId} is not null`),
    index('generations_group')
      .on(t.groupId)
      .where(sql`${t.groupId} is not null`),
    index('generations_open')
      .on(t.owner)
      .where(sql`${t.state} in ('waiting', 'streaming')`),
  ],
);

/** Server processes that show signs of life: who may write generations, and among how many a model's places are shared. */
export const processes = pgTable('processes', {
  id: uuid('id').primaryKey(),
  aliveAt: moment('alive_at').notNull(),
});

/** What people said of model-written messages. */
export const feedback = pgTable(
  'feedback',
  {
    id: uuid('id').primaryKey(),
    projectId: uuid('project_id').notNull(),
    messageId: uuid('message_id').notNull(),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id),
    thumb: text('thumb').$type<'up' | 'down'>(),
    text: text('text').notNull(),
    reportReason: text('report_reason').$type<ReportReason>(),
    reportText: text('report_text').notNull().default(''),
    /** Of a report that moderation was wrong: what an admin said. */
    resolution: text('resolution').$type<'right' | 'wrong'>(),
    at: moment('at').notNull(),
    /** When the person said something else, or took it back. Rows stay, so that a past moment can be seen again. */
    replacedAt: moment('replaced_at'),
  },
  (t) => [
    uniqueIndex('feedback_now')
      .on(t.messageId, t.userId)
      .where(sql`${t.replacedAt} is null`),
    index('feedback_project').on(t.projectId, t.id),
    index('feedback_reported')
      .on(t.projectId, t.id)
      .where(sql`${t.reportReason} is not null`),
  ],
);

/** What moderation said of a message, where it said anything. */
export const verdicts = pgTable(
  'verdicts',
  {
    id: uuid('id').primaryKey(),
    projectId: uuid('project_id').notNull(),
    /** The message, or the generation that becomes it: they have one id. */
    messageId: uuid('message_id').notNull(),
    /** `rules`, or the name of the model that judged. */
    source: text('source').notNull(),
    categories: text('categories').array().$type<ModerationCategory[]>().notNull(),
    action: text('action').$type<ModerationAction>().notNull(),
    createdAt: createdAt(),
    disputedBy: uuid('disputed_by').references(() => users.id),
    disputedAt: moment('disputed_at'),
    dispute: text('dispute').notNull().default(''),
    resolution: text('resolution').$type<'right' | 'wrong'>(),
  },
  (t) => [
    index('verdicts_message').on(t.messageId),
    index('verdicts_disputed')
      .on(t.projectId, t.id)
      .where(sql`${t.disputedAt} is not null`),
  ],
);

export const comparisons = pgTable(
  'comparisons',
  {
    id: uuid('id').primaryKey(),
    projectId: uuid('project_id').notNull(),
    conversationId: uuid('conversation_id').notNull(),
    /** The last message of the path that the completions answer. */
    promptMessageId: uuid('prompt_message_id').notNull(),
    /** From 2 to 9 messages, in the order in which they came; an index into this names a completion. */
    completionIds: uuid('completion_ids').array().notNull(),
    roundId: uuid('round_id'),
    /** How its completions were come by, where they were sampled here. */
    samplingId: uuid('sampling_id'),
    createdAt: createdAt(),
  },
  (t) => [index('comparisons_round').on(t.roundId), index('comparisons_conversation').on(t.conversationId)],
);

/** Samplings that an admin asked for together. */
export const batches = pgTable(
  'batches',
  {
    id: uuid('id').primaryKey(),
    projectId: uuid('project_id').notNull(),
    pool: text('pool').$type<'prompts' | 'conversations'>().notNull(),
    cancelled: boolean('cancelled').notNull().default(false),
    createdAt: createdAt(),
  },
  (t) => [index('batches_project').on(t.projectId, t.id)],
);

/** Alternatives to be sampled for one path. The job that does it carries its id. */
export const samplings = pgTable(
  'samplings',
  {
    id: uuid('id').primaryKey(),
    projectId: uuid('project_id').notNull(),
    roundId: uuid('round_id'),
    origin: text('origin').$type<'chat' | 'pool' | 'side'>().notNull(),
    batchId: uuid('batch_id'),
    conversationId: uuid('conversation_id').notNull(),
    /** The last message of the path that is answered. */
    promptMessageId: uuid('prompt_message_id').notNull(),
    /** The message picked from a chat: the K-th completion. */
    originalId: uuid('original_id'),
    /** Of the pick: its seed and how many messages were eligible. */
    pickSeed: integer('pick_seed'),
    pickedFrom: integer('picked_from'),
    /** Whoever is not to rank it. */
    authors: uuid('authors').array().notNull(),
    /** Completions to sample, the original not counted, and from which models. */
    mix: jsonb('mix').$type<Mix>().notNull(),
    wanted: smallint('wanted').notNull(),
    parameters: jsonb('parameters').$type<Parameters>(),
    seed: integer('seed').notNull(),
    state: text('state').$type<SamplingState>().notNull(),
    attempts: integer('attempts').notNull().default(0),
    detail: text('detail'),
    retryAt: moment('retry_at'),
    comparisonId: uuid('comparison_id'),
    createdAt: createdAt(),
    endedAt: moment('ended_at'),
  },
  (t) => [
    index('samplings_state').on(t.projectId, t.state, t.id),
    index('samplings_prompt').on(t.promptMessageId),
    index('samplings_conversation').on(t.conversationId),
    index('samplings_batch')
      .on(t.batchId, t.state)
      .where(sql`${t.batchId} is not null`),
  ],
);

// ---- handing out work ----

export const tasks = pgTable(
  'tasks',
  {
    id: uuid('id').primaryKey(),
    projectId: uuid('project_id').notNull(),
    kind: text('kind').$type<TaskKind>().notNull(),
    /**
     * What it is about: the conversation, the last message of the path to go on from, and for a comparison also that. A chat
     * that the trainer opens is about nothing yet.
     */
    conversationId: uuid('conversation_id'),
    promptMessageId: uuid('prompt_message_id'),
    comparisonId: uuid('comparison_id'),
    /** How many different trainers it wants. */
    overlap: smallint('overlap').notNull(),
    /** In so many hands now. */
    held: smallint('held').notNull().default(0),
    submitted: smallint('submitted').notNull().default(0),
    /** A random number by which the queue is ordered, so that claims spread over it (README, decisions). */
    position: integer('position').notNull(),
    /** Trainers who wrote some of it and so never get it. */
    authors: uuid('authors').array().notNull(),
    roundId: uuid('round_id'),
    createdAt: createdAt(),
  },
  (t) => [
    // Holds only what can be handed out: its size is that of the open work, not of all work ever made.
    index('tasks_open')
      .on(t.projectId, t.kind, t.position)
      .where(sql`${t.held} + ${t.submitted} < ${t.overlap}`),
    index('tasks_chat')
      .on(t.conversationId)
      .where(sql`${t.kind} = 'chat'`),
    check('tasks_about', sql`${t.kind} = 'chat' or ${t.promptMessageId} is not null`),
    check('tasks_counts', sql`${t.held} >= 0 and ${t.submitted} >= 0`),
  ],
);

export const assignments = pgTable(
  'assignments',
  {
    id: uuid('id').primaryKey(),
    taskId: uuid('task_id').notNull(),
    trainerId: uuid('trainer_id').notNull(),
    projectId: uuid('project_id').notNull(),
    kind: text('kind').$type<TaskKind>().notNull(),
    state: text('state').$type<AssignmentState>().notNull(),
    leaseUntil: moment('lease_until').notNull(),
    /** Shuffles the completions for this trainer. */
    seed: integer('seed').notNull(),
    draft: jsonb('draft').$type<Draft>(),
    /** Counts the drafts saved. */
    revision: integer('revision').notNull().default(0),
    activeMs: integer('active_ms').notNull().default(0),
    claimedAt: moment('claimed_at').notNull(),
    endedAt: moment('ended_at'),
    /** SHA-256 of what was submitted: tells a retry from a second submission. */
    submissionHash: text('submission_hash'),
    skipReason: text('skip_reason'),
    comment: text('comment'),
  },
  (t) => [
    // One trainer, one task, once: whatever else fails, this holds.
    uniqueIndex('assignments_once').on(t.taskId, t.trainerId),
    // Holds what is over. A plan made while the table is small must not find a trainer's open work by their whole history.
    index('assignments_ended')
      .on(t.trainerId, t.endedAt)
      .where(sql`${t.state} in ('submitted', 'surplus', 'skipped')`),
    index('assignments_begun')
      .on(t.trainerId, t.projectId)
      .where(sql`${t.state} in ('active', 'expired')`),
    index('assignments_lease')
      .on(t.leaseUntil)
      .where(sql`${t.state} = 'active'`),
  ],
);

/**
 * Progress figures, kept as running sums so that reading them does not grow with the tasks. Each sum is spread over
 * slots, which are added up on reading, so that submissions at the same time do not wait for one row.
 */
export const taskProgress = pgTable(
  'task_progress',
  {
    projectId: uuid('project_id').notNull(),
    kind: text('kind').$type<TaskKind>().notNull(),
    slot: smallint('slot').notNull(),
    tasks: bigint('tasks', { mode: 'number' }).notNull().default(0),
    wanted: bigint('wanted', { mode: 'number' }).notNull().default(0),
    submitted: bigint('submitted', { mode: 'number' }).notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.projectId, t.kind, t.slot] })],
);

export const rankings = pgTable(
  'rankings',
  {
    id: uuid('id').primaryKey(),
    projectId: uuid('project_id').notNull(),
    comparisonId: uuid('comparison_id').notNull(),
    /** Null for an imported ranking that is nobody's own. */
    trainerId: uuid('trainer_id'),
    /** The place that it takes; null for an imported ranking that is nobody's own. */
    assignmentId: uuid('assignment_id'),
    /** Ordered groups of indexes into the comparison's completions, best first. */
    groups: jsonb('groups').$type<number[][]>().notNull(),
    /** Indexes of the completions in the order in which they were shown; null where an import does not say. */
    shown: jsonb('shown').$type<number[]>(),
    /** By index of the completion. */
    ratings: jsonb('ratings').$type<Record<string, Rating>>(),
    roundId: uuid('round_id'),
    comment: text('comment'),
    allBad: boolean('all_bad').notNull().default(false),
    rewrite: text('rewrite'),
    createdAt: createdAt(),
    ...submission(),
  },
  (t) => [
    index('rankings_comparison').on(t.comparisonId),
    index('rankings_assignment')
      .on(t.assignmentId)
      .where(sql`${t.assignmentId} is not null`),
    index('rankings_compared').on(t.projectId, t.comparisonId),
    index('rankings_round').on(t.roundId),
  ],
);

// ---- releases ----

/**
 * Texts with which conversations begin, over all projects, in groups of those that are nearly the same (releases/roots).
 * A root's group never changes; where groups turn out to be one, `root_merges` says so, and a release knows up to which
 * merge it looked.
 */
export const roots = pgTable('roots', {
  /** From the hash of the normalised text: the same text is one root. */
  id: uuid('id').primaryKey(),
  groupId: uuid('group_id').notNull(),
});

/** The root that was the first to have this band of its MinHash signature. */
export const rootBands = pgTable('root_bands', {
  band: bigint('band', { mode: 'bigint' }).primaryKey(),
  rootId: uuid('root_id').notNull(),
});

export const rootMerges = pgTable('root_merges', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  fromGroup: uuid('from_group').notNull(),
  intoGroup: uuid('into_group').notNull(),
});

/** How conversations begin, and in which language they are; read from their texts before they are first released. */
export const conversationRoots = pgTable('conversation_roots', {
  conversationId: uuid('conversation_id').primaryKey(),
  rootId: uuid('root_id').notNull(),
  /** ISO 639-1; null where it cannot be told. */
  language: text('language'),
});

export const releases = pgTable(
  'releases',
  {
    id: uuid('id').primaryKey(),
    projectId: uuid('project_id')
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    /** From 1. */
    number: integer('number').notNull(),
    name: text('name').notNull(),
    notes: text('notes').notNull(),
    definition: jsonb('definition').$type<ReleaseDefinition>().notNull(),
    /** What it goes by beside what was collected, as that was when it was made: built again, it must not change with it. */
    basis: jsonb('basis').$type<ReleaseBasis>().notNull(),
    /** It holds what was made up to here. By the database's clock. */
    moment: moment('moment').notNull(),
    /** The last merge of groups that it looks at; null before it was built. */
    merges: bigint('merges', { mode: 'number' }),
    state: text('state').$type<ReleaseState>().notNull(),
    detail: text('detail'),
    destination: text('destination').$type<'disk' | 's3'>().notNull(),
    location: text('location'),
    createdBy: uuid('created_by').references(() => users.id),
    createdAt: createdAt(),
    endedAt: moment('ended_at'),
    progress: jsonb('progress').$type<{
      step: string;
      rows: number;
      bytes: number;
      share: number | null;
      secondsLeft: number | null;
    }>(),
    rows: bigint('rows', { mode: 'number' }).notNull().default(0),
    bytes: bigint('bytes', { mode: 'number' }).notNull().default(0),
    remarks: jsonb('remarks').$type<Remark[]>().notNull().default([]),
    figures: jsonb('figures').$type<ReleaseFigures>(),
    holdsDeleted: boolean('holds_deleted').notNull().default(false),
  },
  (t) => [uniqueIndex('releases_number').on(t.projectId, t.number)],
);

export const releaseFiles = pgTable(
  'release_files',
  {
    releaseId: uuid('release_id')
      .notNull()
      .references(() => releases.id, { onDelete: 'cascade' }),
    name: text('name').notNull(),
    split: text('split').$type<Split>(),
    rows: bigint('rows', { mode: 'number' }),
    bytes: bigint('bytes', { mode: 'number' }).notNull(),
    sha256: text('sha256').notNull(),
  },
  (t) => [primaryKey({ columns: [t.releaseId, t.name] })],
);

/** What a release goes by beside what was collected. */
export interface ReleaseBasis {
  project: string;
  rubric: Rubric;
  /** By id, where rows name trainers; null where pseudonyms stand for them. */
  names: Record<string, string> | null;
  publicUrl: string;
  /** Of raw data: how it begins. */
  raw: { header: RawOf<'duologue'> } | null;
}

/** Whose work is in a release. */
export const releasePeople = pgTable(
  'release_people',
  {
    releaseId: uuid('release_id')
      .notNull()
      .references(() => releases.id, { onDelete: 'cascade' }),
    userId: uuid('user_id')
      .notNull()
      .references(() => users.id),
  },
  (t) => [primaryKey({ columns: [t.releaseId, t.userId] }), index('release_people_user').on(t.userId)],
);

/** Personal data that was found in the rows of a release; the first of it, numbered in the order of the rows. */
export const releaseFindings = pgTable(
  'release_findings',
  {
    releaseId: uuid('release_id')
      .notNull()
      .references(() => releases.id, { onDelete: 'cascade' }),
    id: integer('id').notNull(),
    kind: text('kind').$type<PiiKind>().notNull(),
    rowId: text('row_id').notNull(),
    before: text('before').notNull(),
    found: text('found').notNull(),
    after: text('after').notNull(),
  },
  (t) => [primaryKey({ columns: [t.releaseId, t.id] })],
);

/** Lists of prompts that models are tested with. */
export const benchmarks = pgTable('benchmarks', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull(),
  prompts: integer('prompts').notNull(),
  createdAt: createdAt(),
});

/** Hashes of the runs of words that their prompts have; what holds one of them holds some of that prompt. */
export const benchmarkGrams = pgTable(
  'benchmark_grams',
  {
    benchmarkId: uuid('benchmark_id')
      .notNull()
      .references(() => benchmarks.id, { onDelete: 'cascade' }),
    gram: bigint('gram', { mode: 'bigint' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.benchmarkId, t.gram] })],
);

/** Addresses that are told when a release is ready or has failed. */
export const webhooks = pgTable(
  'webhooks',
  {
    id: uuid('id').primaryKey(),
    projectId: uuid('project_id')
      .notNull()
      .references(() => projects.id, { onDelete: 'cascade' }),
    url: text('url').notNull(),
    /** Encrypted (models/sealed.ts); signs what is sent. */
    secret: text('secret').notNull(),
    createdAt: createdAt(),
    /** How the last delivery went. */
    lastAt: moment('last_at'),
    lastStatus: text('last_status'),
  },
  (t) => [index('webhooks_project').on(t.projectId)],
);
