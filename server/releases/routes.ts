import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../shared/releases.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { projectFor } from '../projects/projects.ts';
import { exportCounts, exportName, exportStream } from './export.ts';

export function releaseRoutes(app: FastifyInstance, context: Context): void {
  const { db } = context;
  route(app, context, endpoints.exportCounts, async ({ params }, { user }) =>
    exportCounts(db, await projectFor(db, user, params.projectId)),
  );
  route(app, context, endpoints.exportRows, async ({ params }, { user, reply }) => {
    const project = await projectFor(db, user, params.projectId);
    reply
      .type('application/jsonl')
      .header('content-disposition', `attachment; filename="${exportName(project, params.kind)}"`);
    return exportStream(db, project, params.kind);
  });
}
