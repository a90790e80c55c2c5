import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import * as endpoints from '../../shared/imports.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { Refusal } from '../problem.ts';
import { projectFor } from '../projects/projects.ts';
import { importInto } from './imports.ts';

export function importRoutes(app: FastifyInstance, context: Context): void {
  const { db, hub, clock, random } = context;
  route(app, context, endpoints.importLines, async ({ params, query }, { user, request }) =>
    importInto(db, user, await projectFor(db, user, params.projectId), query.format, upload(request), { clock, random }).finally(() =>
      hub.touch(params.projectId),
    ),
  );
}

/** The file in a request's body, whatever type it is said to be of. One that comes packed was unpacked on its way here. */
function upload({ body, headers }: FastifyRequest): AsyncIterable<Uint8Array> {
  if (headers['content-type']?.startsWith('multipart/'))
    throw new Refusal('unsupported_type', 'Send the file itself as the body, not a form that holds it.');
  return body instanceof Readable ? body : Readable.from([]);
}
