import { addAbortSignal, Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from '../problem.ts';

/** Is aborted when the server stops taking requests: an upload may go on for hours. */
export function stopping(app: FastifyInstance): AbortSignal {
  const controller = new AbortController();
  app.addHook('preClose', () => controller.abort());
  return controller.signal;
}

/** The file in a request's body, whatever type it is said to be of. One that comes packed was unpacked on its way here. */
export function upload({ body, raw, headers }: FastifyRequest, stop: AbortSignal): AsyncIterable<Uint8Array> {
  if (headers['content-type']?.startsWith('multipart/'))
    throw new Refusal('unsupported_type', 'Send the file itself as the body, not a form that holds it.');
  // Stopped also while it waits for more.
  const source = addAbortSignal(stop, body instanceof Readable ? body : raw);
  // Not destroyed where it is left early: the refusal that follows has to reach a client that is still sending.
  return source.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}
