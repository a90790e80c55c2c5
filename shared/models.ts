import { z } from 'zod';
import { endpoint } from './endpoint.ts';

/**
 * How a model is reached.
 * - `openai`: any server with the OpenAI chat-completions protocol
 * - `replay`: the built-in demo, which answers from recorded completions
 * - `moderations`: a server with the moderations protocol; it judges texts and writes none
 */
export const providers = ['openai', 'replay', 'moderations'] as const;
export const provider = z.enum(providers);
export type Provider = z.infer<typeof provider>;

/** What a model is asked with; what is absent is left to the model server. */
export const parameters = z.strictObject({
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().gt(0).max(1).optional(),
  maxTokens: z.number().int().min(1).max(100_000).optional(),
  presencePenalty: z.number().min(-2).max(2).optional(),
  frequencyPenalty: z.number().min(-2).max(2).optional(),
  stop: z.array(z.string().min(1).max(100)).max(4).optional(),
});
export type Parameters = z.infer<typeof parameters>;

/** In US dollars for a million tokens. */
export const price = z.strictObject({ input: z.number().min(0).max(100_000), output: z.number().min(0).max(100_000) });

/** What a check of a model found, each thing in words. */
export const modelCheck = z.object({
  at: z.iso.datetime(),
  /** Whether it can be used. */
  ok: z.boolean(),
  findings: z.array(
    z.object({
      key: z.enum(['address', 'answers', 'streams', 'choices', 'logprobs', 'usage', 'system', 'seed', 'judges']),
      /** `false` of anything but `address`, `answers` and `judges` only means that it is done without. */
      ok: z.boolean(),
      text: z.string(),
    }),
  ),
  /** Until the first token of a streamed answer, in milliseconds. */
  firstTokenMs: z.number().nullable(),
});
export type ModelCheck = z.infer<typeof modelCheck>;

const settings = {
  name: z.string().trim().min(1, 'must not be empty').max(100),
  provider,
  baseUrl: z.url({ protocol: /^https?$/, error: 'must be an http or https address' }).max(500),
  /** The id under which the server knows it. */
  model: z.string().trim().min(1, 'must not be empty').max(200),
  apiKey: z.string().min(1).max(1_000),
  parameters,
  /** Requests to it at the same time, from all server processes together. */
  concurrency: z.number().int().min(1).max(1_000),
  price,
};

export const model = z.object({
  id: z.uuid(),
  name: z.string(),
  provider,
  /** Null for `replay`. */
  baseUrl: z.string().nullable(),
  model: z.string(),
  /** The key itself is never sent back. */
  hasKey: z.boolean(),
  parameters,
  concurrency: z.number().int(),
  price: price.nullable(),
  archived: z.boolean(),
  createdAt: z.iso.datetime(),
  check: modelCheck.nullable(),
});
export type Model = z.infer<typeof model>;

export const newModel = z
  .strictObject({
    name: settings.name,
    provider: settings.provider,
    baseUrl: settings.baseUrl.optional(),
    model: settings.model.optional(),
    apiKey: settings.apiKey.optional(),
    parameters: settings.parameters.default({}),
    concurrency: settings.concurrency.default(8),
    price: settings.price.optional(),
  })
  .superRefine(({ provider, baseUrl, model }, context) => {
    if (provider === 'replay') return;
    if (baseUrl === undefined) context.addIssue({ code: 'custom', path: ['baseUrl'], message: 'is required' });
    if (model === undefined) context.addIssue({ code: 'custom', path: ['model'], message: 'is required' });
  });
export type NewModel = z.output<typeof newModel>;

export const modelChange = z.strictObject({
  name: settings.name.optional(),
  baseUrl: settings.baseUrl.optional(),
  model: settings.model.optional(),
  /** Null takes the key away. */
  apiKey: settings.apiKey.nullable().optional(),
  parameters: settings.parameters.optional(),
  concurrency: settings.concurrency.optional(),
  price: settings.price.nullable().optional(),
  archived: z.boolean().optional(),
});
export type ModelChange = z.output<typeof modelChange>;

const modelParams = z.object({ modelId: z.uuid() });
const oneModel = z.object({ model });

export const createModel = endpoint({
  method: 'POST',
  path: '/api/models',
  access: 'admin',
  summary: 'Register a model',
  body: newModel,
  response: oneModel,
  status: 201,
});
export const listModels = endpoint({
  method: 'GET',
  path: '/api/models',
  access: 'admin',
  summary: 'The registered models',
  response: z.object({ models: z.array(model) }),
});
export const changeModel = endpoint({
  method: 'PATCH',
  path: '/api/models/:modelId',
  access: 'admin',
  summary: 'Change a model; what it wrote so far keeps the parameters that it was written with',
  params: modelParams,
  body: modelChange,
  response: oneModel,
});
export const checkModel = endpoint({
  method: 'POST',
  path: '/api/models/:modelId/check',
  access: 'admin',
  summary: 'Ask the model server what it can do, and say it in words',
  params: modelParams,
  response: z.object({ check: modelCheck }),
});
