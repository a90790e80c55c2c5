import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { maxCompletions, message, minCompletions } from './conversations.ts';
import { parameters } from './models.ts';
import { projectParams } from './projects.ts';
import { mix } from './rounds.ts';
import { stream } from './streams.ts';

/**
 * Alternatives that are sampled for one path, to become a comparison.
 * - `waiting`: to be begun, or to be tried again; `running`; `done`: the comparison is there
 * - `failed`: given up; `detail` says why
 */
export const samplingState = z.enum(['waiting', 'running', 'done', 'failed']);
export type SamplingState = z.infer<typeof samplingState>;

/** `chat`: for a message picked from a chat; `pool`: for imported prompts; `side`: kept from side by side. */
export const samplingOrigin = z.enum(['chat', 'pool', 'side']);

export const sampling = z.object({
  id: z.uuid(),
  origin: samplingOrigin,
  state: samplingState,
  /** Why it failed, or failed last and is tried again. */
  detail: z.string().nullable(),
  attempts: z.number().int(),
  /** When it is tried again. */
  retryAt: z.iso.datetime().nullable(),
  wanted: z.number().int(),
  /** Completions so far, the original included. */
  sampled: z.number().int(),
  /** The beginning of the message that is answered. */
  title: z.string(),
  createdAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
});
export type Sampling = z.infer<typeof sampling>;

/** The samplings of one pool, which an admin asked for together. */
export const batch = z.object({
  id: z.uuid(),
  pool: z.enum(['prompts', 'conversations']),
  createdAt: z.iso.datetime(),
  total: z.number().int(),
  done: z.number().int(),
  failed: z.number().int(),
  cancelled: z.boolean(),
});
export type Batch = z.infer<typeof batch>;

export const samplePool = endpoint({
  method: 'POST',
  path: '/api/projects/:projectId/samplings',
  access: 'admin',
  summary:
    'Sample completions for imported prompts or conversations that have none asked for yet; comparisons come of it',
  params: projectParams,
  body: z.strictObject({
    pool: z.enum(['prompts', 'conversations']),
    mix,
    /** K: completions of each. */
    completions: z.number().int().min(minCompletions).max(maxCompletions),
    /** At most so many paths, by the order of import; all where absent. */
    limit: z.number().int().min(1).optional(),
    /** In place of the models' own. */
    parameters: parameters.optional(),
  }),
  response: z.object({ batch }),
  status: 201,
});
export const listSamplings = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId/samplings',
  access: 'admin',
  summary: 'How sampling goes on: sums by state, batches with their progress, and the samplings in a state',
  params: projectParams,
  query: z.object({
    state: samplingState.optional(),
    limit: z.coerce.number().int().min(1).max(100).default(50),
  }),
  response: z.object({
    sums: z.object({
      waiting: z.number().int(),
      running: z.number().int(),
      done: z.number().int(),
      failed: z.number().int(),
    }),
    batches: z.array(batch),
    samplings: z.array(sampling),
  }),
});
export const retrySampling = endpoint({
  method: 'POST',
  path: '/api/samplings/:samplingId/retry',
  access: 'admin',
  summary: 'Try a failed sampling again, with the completions that it has',
  params: z.object({ samplingId: z.uuid() }),
  response: z.object({ sampling }),
});
export const retryFailed = endpoint({
  method: 'POST',
  path: '/api/projects/:projectId/samplings/retry',
  access: 'admin',
  summary: 'Try all failed samplings of a project again',
  params: projectParams,
  response: z.object({ retried: z.number().int() }),
});
export const cancelBatch = endpoint({
  method: 'POST',
  path: '/api/batches/:batchId/cancel',
  access: 'admin',
  summary: 'Sample no more for a pool; comparisons that are there stay',
  params: z.object({ batchId: z.uuid() }),
  response: z.object({ batch }),
});

// ---- side by side ----

export const sideBySide = endpoint({
  method: 'POST',
  path: '/api/projects/:projectId/side-by-side',
  access: 'trainer',
  summary: "Send one prompt to several models at once. Admins name them; for a trainer they are the round's, unnamed",
  params: projectParams,
  body: z.strictObject({
    /** Ends with a message of the user. */
    messages: z.array(message).min(1).max(400),
    /** Two or more; only for admins. */
    modelIds: z.array(z.uuid()).min(2).max(maxCompletions).optional(),
  }),
  response: z.object({
    id: z.uuid(),
    answers: z.array(z.object({ ...stream.shape, /** Null for a trainer. */ model: z.string().nullable() })),
    demo: z.boolean(),
  }),
  status: 201,
});
export const keepSideBySide = endpoint({
  method: 'POST',
  path: '/api/side-by-side/:sideId/keep',
  access: 'trainer',
  summary: 'Make a comparison of answers that you asked for side by side; others will rank it. The same twice is once',
  params: z.object({ sideId: z.uuid() }),
  response: z.object({ comparisonId: z.uuid() }),
});
