import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { projectParams } from './projects.ts';

/** Kinds of dataset that can be made so far. */
export const datasetKinds = ['sft', 'comparisons'] as const;
export const datasetKind = z.enum(datasetKinds);
export type DatasetKind = z.infer<typeof datasetKind>;

/**
 * Where a row's text comes from: a trainer here, a trainer who took some of it from a model's suggestions, a model, or an
 * import that does not say.
 */
export const origin = z.enum(['human', 'human_edited', 'model', 'import']);
export type Origin = z.infer<typeof origin>;

export const exportCounts = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId/exports',
  access: 'admin',
  summary: 'How many rows each kind of dataset would have now',
  params: projectParams,
  response: z.object({
    counts: z.array(
      z.object({
        kind: datasetKind,
        rows: z.number().int(),
        /** What the rows are made of: demonstrations and imported dialogues, or rankings. */
        sources: z.number().int(),
      }),
    ),
  }),
});
export const exportRows = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId/exports/:kind',
  access: 'admin',
  summary: 'A dataset as streamed JSON Lines: `sft` as {messages}, `comparisons` as TRL preference pairs',
  params: z.object({ projectId: projectParams.shape.projectId, kind: datasetKind }),
  response: 'stream',
});
