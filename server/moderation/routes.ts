import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../shared/moderation.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { projectFor } from '../projects/projects.ts';
import { fileName } from '../releases/file-name.ts';
import { disputeVerdict, exportDisputes, listDisputes, resolveDispute } from './disputes.ts';
import { tryModeration } from './judge.ts';

export function moderationRoutes(app: FastifyInstance, context: Context): void {
  const { db, clock } = context;
  route(app, context, endpoints.disputeVerdict, async ({ params, body }, { user }) => ({
    verdict: await disputeVerdict(db, user, params.verdictId, body.comment, clock),
  }));
  route(app, context, endpoints.listDisputes, async ({ params, query }, { user }) =>
    listDisputes(db, await projectFor(db, user, params.projectId), query),
  );
  route(app, context, endpoints.resolveDispute, async ({ params, body }, { user }) => ({
    dispute: await resolveDispute(db, user, params.disputeId, body.resolution),
  }));
  route(app, context, endpoints.exportDisputes, async ({ params }, { user, reply }) => {
    const project = await projectFor(db, user, params.projectId);
    reply
      .type('application/jsonl')
      .header('content-disposition', `attachment; filename="${fileName(project.name, 'disputes')}.jsonl"`);
    return exportDisputes(db, project);
  });
  route(app, context, endpoints.tryModeration, async ({ params, body }, { user }) =>
    tryModeration(context, await projectFor(db, user, params.projectId), body.content),
  );
}
