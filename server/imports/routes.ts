import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as endpoints from '../../shared/imports.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { Refusal } from '../problem.ts';
import { projectFor } from '../projects/projects.ts';
import { importInto } from './imports.ts';

export function importRoutes(app: FastifyInstance, context: Context): void {
  const { db, hub, clock, random } = context;
  route(app, context, endpoints.importLines, async ({ params: { projectId }, query }, { user, request }) =>
    importInto(db, user, await projectFor(db, user, projectId), query.format, upload(request), {
      clock,
      random,
      onProgress: () => hub.touch(projectId),
    }),
  );
}

/** How long the rest of a refused file is read on to nowhere, in milliseconds. */
const readOnWithin = 30_000;

/** The file in a request's body, whatever type it is said to be of. One that comes packed was unpacked on its way here. */
function upload({ body, raw, headers }: FastifyRequest): AsyncIterable<Uint8Array> {
  if (headers['content-type']?.startsWith('multipart/'))
    throw new Refusal('unsupported_type', 'Send the file itself as the body, not a form that holds it.');
  return readToEnd(body instanceof Readable ? body : raw);
}

/**
 * What comes in, whose rest is read even where nobody wants it: many clients send all before they listen, and to close the
 * connection on them would lose the answer that says what is wrong.
 */
async function* readToEnd(body: Readable): AsyncGenerator<Uint8Array> {
  try {
    yield* body.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  } finally {
    const ended = finished(body, { signal: AbortSignal.timeout(readOnWithin) });
    body.resume();
    await ended.catch(() => undefined);
  }
}
