import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../shared/feedback.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { projectFor } from '../projects/projects.ts';
import { fileName } from '../releases/file-name.ts';
import { exportFeedback, giveFeedback, listFeedback } from './feedback.ts';

export function feedbackRoutes(app: FastifyInstance, context: Context): void {
  const { db, clock } = context;
  route(app, context, endpoints.giveFeedback, async ({ params, body }, { user }) => ({
    feedback: await giveFeedback(db, user, params.messageId, body, clock),
  }));
  route(app, context, endpoints.listFeedback, async ({ params, query }, { user }) =>
    listFeedback(db, await projectFor(db, user, params.projectId), query),
  );
  route(app, context, endpoints.exportFeedback, async ({ params }, { user, reply }) => {
    const project = await projectFor(db, user, params.projectId);
    reply
      .type('application/jsonl')
      .header('content-disposition', `attachment; filename="${fileName(project.name, 'feedback')}.jsonl"`);
    return exportFeedback(db, project);
  });
}
