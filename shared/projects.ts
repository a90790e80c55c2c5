import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { user } from './accounts.ts';
import { moderationAction, moderationCategory } from './moderation-terms.ts';
import { maxCompletions, maxMessageCharacters, maxMessages, minCompletions } from './conversations.ts';

export const taskKinds = ['demonstration', 'chat', 'comparison', 'review'] as const;
export const taskKind = z.enum(taskKinds);
export type TaskKind = z.infer<typeof taskKind>;

/** What is asked about each completion beside its rank. */
export const rubric = z.strictObject({
  name: z.string().min(1).max(100),
  /** One rating of the whole, from 1 to `max`; null where none is asked. */
  overall: z.strictObject({ max: z.number().int().min(2).max(10), low: z.string(), high: z.string() }).nullable(),
  /** Yes/no questions; a flag is raised or not. */
  flags: z
    .array(z.strictObject({ key: z.string().regex(/^[a-z0-9_]{1,60}$/), label: z.string().min(1).max(200) }))
    .max(40),
});
export type Rubric = z.infer<typeof rubric>;

/** `instructgpt`: Ouyang et al. 2022 (arXiv 2203.02155), the labelling interface's metadata on each completion. */
export const rubricPresets = {
  ranking: { name: 'Ranking alone', overall: null, flags: [] },
  instructgpt: {
    name: 'InstructGPT',
    overall: { max: 7, low: 'worst', high: 'best' },
    flags: [
      { key: 'fails_instruction', label: 'Fails to follow the correct instruction / task' },
      { key: 'inappropriate', label: 'Inappropriate for customer assistant' },
      { key: 'hallucination', label: 'Hallucination' },
      { key: 'satisfies_constraint', label: 'Satisfies constraint provided in the instruction' },
      { key: 'sexual', label: 'Contains sexual content' },
      { key: 'violent', label: 'Contains violent content' },
      {
        key: 'encourages_harm',
        label: 'Encourages or fails to discourage violence / abuse / terrorism / self-harm',
      },
      { key: 'denigrates', label: 'Denigrates a protected class' },
      { key: 'harmful_advice', label: 'Gives harmful advice' },
      { key: 'opinion', label: 'Expresses opinion' },
      { key: 'moral_judgment', label: 'Expresses moral judgment' },
    ],
  },
} as const satisfies Record<string, Rubric>;
export type RubricPreset = keyof typeof rubricPresets;
const rubricPreset = z.enum(Object.keys(rubricPresets) as [RubricPreset, ...RubricPreset[]]);

const overlap = z.number().int().min(1, 'must be at least 1').max(100);
/** How many different trainers each kind of task wants. */
export const overlaps = z.strictObject({
  demonstration: overlap,
  chat: overlap,
  comparison: overlap,
  review: overlap,
});

const limits = z.strictObject({
  /** Messages in a demonstration, system message included. */
  maxTurns: z.number().int().min(2).max(maxMessages),
  /** UTF-16 code units in one message. */
  maxCharacters: z.number().int().min(1).max(maxMessageCharacters),
});

/** Which model-written messages of a chat may be picked to be compared. */
const pick = z.strictObject({
  /** Messages of the user that must stand before it. */
  minDepth: z.number().int().min(1).max(100),
});

/** By whom texts are judged, and what is done with those of a category. */
const moderation = z.strictObject({
  /** A registered model of the provider `moderations`; null for the built-in rules. */
  modelId: z.uuid().nullable(),
  actions: z.partialRecord(moderationCategory, moderationAction),
});
export type ModerationSettings = z.infer<typeof moderation>;

const settings = {
  name: z.string().trim().min(1, 'must not be empty').max(120),
  /** Markdown. */
  guidelines: z.string().max(200_000),
  rubric: z.union([rubricPreset.transform((name): Rubric => structuredClone(rubricPresets[name])), rubric]),
  completionsPerComparison: z.number().int().min(minCompletions).max(maxCompletions),
  limits,
  /** How long a claimed task stays in a trainer's hands without a sign of life. */
  leaseMinutes: z
    .number()
    .int()
    .min(1)
    .max(24 * 60),
  /** How long a trainer may take a submission back. */
  reopenMinutes: z
    .number()
    .int()
    .min(0)
    .max(7 * 24 * 60),
  pick,
  /** Of the words of a demonstration, so many in a hundred must be the trainer's own, not a suggestion's. */
  ownWords: z.number().int().min(0).max(100),
  /** Whether trainers may rank completions of their own chats. */
  rankOwnChats: z.boolean(),
  moderation,
};

export const project = z.object({
  id: z.uuid(),
  ...settings,
  rubric,
  overlap: overlaps,
  /** The round that runs; null before the first, when every kind of task is handed out and no model can be asked. */
  round: z
    .object({
      number: z.number().int(),
      name: z.string(),
      kinds: z.array(taskKind),
      /** Its answers are recorded ones, of the demo. */
      demo: z.boolean(),
    })
    .nullable(),
  archived: z.boolean(),
  createdAt: z.iso.datetime(),
});
export type Project = z.infer<typeof project>;

/** Unless told otherwise; a category that is not named is ignored. */
export const usualActions = {
  harassment: 'warn',
  hate: 'collapse',
  illicit: 'warn',
  'self-harm': 'collapse',
  sexual: 'collapse',
  'sexual/minors': 'block',
  violence: 'warn',
} as const;

export const newProject = z.strictObject({
  name: settings.name,
  guidelines: settings.guidelines.default(''),
  rubric: settings.rubric.default(rubricPresets.ranking),
  overlap: overlaps.partial().default({}),
  completionsPerComparison: settings.completionsPerComparison.default(4),
  limits: limits.partial().default({}),
  leaseMinutes: settings.leaseMinutes.default(30),
  reopenMinutes: settings.reopenMinutes.default(60),
  pick: settings.pick.default({ minDepth: 1 }),
  ownWords: settings.ownWords.default(0),
  rankOwnChats: settings.rankOwnChats.default(false),
  moderation: settings.moderation.default({ modelId: null, actions: usualActions }),
});
export type NewProject = z.infer<typeof newProject>;

export const projectChange = z.strictObject({
  name: settings.name.optional(),
  guidelines: settings.guidelines.optional(),
  rubric: settings.rubric.optional(),
  overlap: overlaps.partial().optional(),
  completionsPerComparison: settings.completionsPerComparison.optional(),
  limits: limits.partial().optional(),
  leaseMinutes: settings.leaseMinutes.optional(),
  reopenMinutes: settings.reopenMinutes.optional(),
  pick: settings.pick.optional(),
  ownWords: settings.ownWords.optional(),
  rankOwnChats: settings.rankOwnChats.optional(),
  moderation: settings.moderation.optional(),
  archived: z.boolean().optional(),
});
export type ProjectChange = z.infer<typeof projectChange>;

/** How far one kind of task is: `submitted` of `wanted` pieces of work on `tasks` tasks, `inHand` being worked on. */
export const kindProgress = z.object({
  kind: taskKind,
  tasks: z.number().int(),
  wanted: z.number().int(),
  submitted: z.number().int(),
  inHand: z.number().int(),
});
export type KindProgress = z.infer<typeof kindProgress>;

export const projectParams = z.object({ projectId: z.uuid() });
const oneProject = z.object({ project });

export const createProject = endpoint({
  method: 'POST',
  path: '/api/projects',
  access: 'admin',
  summary: 'Create a project',
  body: newProject,
  response: oneProject,
  status: 201,
});
export const listProjects = endpoint({
  method: 'GET',
  path: '/api/projects',
  access: 'trainer',
  summary: 'The projects you are a member of; all of them for an admin',
  response: z.object({
    projects: z.array(
      z.object({ ...project.omit({ guidelines: true, rubric: true }).shape, progress: z.array(kindProgress) }),
    ),
  }),
});
export const readProject = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId',
  access: 'trainer',
  summary: 'One project',
  params: projectParams,
  response: oneProject,
});
export const changeProject = endpoint({
  method: 'PATCH',
  path: '/api/projects/:projectId',
  access: 'admin',
  summary: 'Change a project; a new overlap also holds for its open tasks',
  params: projectParams,
  body: projectChange,
  response: oneProject,
});
export const readProgress = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId/progress',
  access: 'trainer',
  summary: 'How far each kind of task is',
  params: projectParams,
  response: z.object({ progress: z.array(kindProgress) }),
});

const memberParams = z.object({ projectId: z.uuid(), userId: z.uuid() });
export const listMembers = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId/members',
  access: 'admin',
  summary: 'Members of a project',
  params: projectParams,
  response: z.object({ members: z.array(user) }),
});
export const addMember = endpoint({
  method: 'PUT',
  path: '/api/projects/:projectId/members/:userId',
  access: 'admin',
  summary: 'Make a person a member',
  params: memberParams,
  response: null,
});
export const removeMember = endpoint({
  method: 'DELETE',
  path: '/api/projects/:projectId/members/:userId',
  access: 'admin',
  summary: 'End a membership; what the person made stays',
  params: memberParams,
  response: null,
});
