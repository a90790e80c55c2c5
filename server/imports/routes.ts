import { addAbortSignal, Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as endpoints from '../../shared/imports.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { Refusal } from '../problem.ts';
import { projectFor } from '../projects/projects.ts';
import { importInto } from './imports.ts';

export function importRoutes(app: FastifyInstance, context: Context): void {
  const { db, hub, clock, random } = context;
  const stopping = new AbortController();
  app.addHook('preClose', () => stopping.abort());
  route(app, context, endpoints.importLines, async ({ params: { projectId }, query }, { user, request }) =>
    importInto(db, user, await projectFor(db, user, projectId), query.format, upload(request, stopping.signal), {
      clock,
      random,
      signal: stopping.signal,
      onProgress: () => hub.touch(projectId),
    }),
  );
}

/** The file in a request's body, whatever type it is said to be of. One that comes packed was unpacked on its way here. */
function upload({ body, raw, headers }: FastifyRequest, stop: AbortSignal): AsyncIterable<Uint8Array> {
  if (headers['content-type']?.startsWith('multipart/'))
    throw new Refusal('unsupported_type', 'Send the file itself as the body, not a form that holds it.');
  // Stopped also while it waits for more.
  const source = addAbortSignal(stop, body instanceof Readable ? body : raw);
  // Not destroyed where it is left early: the refusal that follows has to reach a client that is still sending.
  return source.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
}
