import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { projectParams } from './projects.ts';

export const importFormats = [
  'prompts',
  'conversations',
  'comparisons',
  'oasst',
  'sharegpt',
  'alpaca',
  'dolly',
  'hh',
  'raw',
] as const;
export const importFormat = z.enum(importFormats);
export type ImportFormat = z.infer<typeof importFormat>;

/** At most so many rejected lines are told one by one; `rejectedCount` counts them all. */
export const maxRejectedTold = 1000;

export const importResult = z.object({
  /** Lines (or array elements) that held something. */
  read: z.number().int(),
  created: z.number().int(),
  duplicates: z.number().int(),
  rejectedCount: z.number().int(),
  /** `line` counts from 1; in a JSON array, it is the number of the element. */
  rejected: z.array(z.object({ line: z.number().int(), reason: z.string() })),
  /** What came of the lines that were created. */
  messages: z.number().int(),
  comparisons: z.number().int(),
  rankings: z.number().int(),
  tasks: z.number().int(),
});
export type ImportResult = z.infer<typeof importResult>;

export const importLines = endpoint({
  method: 'POST',
  path: '/api/projects/:projectId/imports',
  access: 'admin',
  summary: 'Import a streamed body of JSON Lines or one JSON array; one bad line never spoils the others',
  params: projectParams,
  query: z.object({ format: importFormat }),
  body: 'stream',
  response: importResult,
});
