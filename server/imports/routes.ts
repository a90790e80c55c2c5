import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../shared/imports.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { stopping, upload } from '../http/upload.ts';
import { projectFor } from '../projects/projects.ts';
import { importInto } from './imports.ts';

export function importRoutes(app: FastifyInstance, context: Context): void {
  const { db, hub, clock, random } = context;
  const signal = stopping(app);
  route(app, context, endpoints.importLines, async ({ params: { projectId }, query }, { user, request }) =>
    importInto(db, user, await projectFor(db, user, projectId), query.format, upload(request, signal), {
      ...{ clock, random, signal },
      onProgress: () => hub.touch(projectId),
    }),
  );
}
