import { z } from 'zod';
import { endpoint } from './endpoint.ts';

/**
 * A completion while it is being written, and after.
 * - `waiting`: for a free place at the model server, or for the time that it asked us to wait
 * - `done`: the model ended it; `stopped`: a person did; `failed`: the model server did, `detail` says how; what it had
 *   written is kept
 */
export const streamState = z.enum(['waiting', 'streaming', 'done', 'stopped', 'failed']);
export type StreamState = z.infer<typeof streamState>;

export const stream = z.object({
  id: z.uuid(),
  state: streamState,
  /** In words for the person who waits; null where nothing is to be said. */
  detail: z.string().nullable(),
  /** So far. */
  text: z.string(),
});
export type Stream = z.infer<typeof stream>;

export const readStream = endpoint({
  method: 'GET',
  path: '/api/streams/:streamId',
  access: 'trainer',
  summary: 'A completion that you asked for, as far as it is written',
  params: z.object({ streamId: z.uuid() }),
  response: z.object({ stream }),
});
export const stopStream = endpoint({
  method: 'POST',
  path: '/api/streams/:streamId/stop',
  access: 'trainer',
  summary: 'Stop a completion that you asked for; what it has so far is kept. The same twice is once',
  params: z.object({ streamId: z.uuid() }),
  response: null,
});
