import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../shared/releases.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { projectFor } from '../projects/projects.ts';
import { readArchive, readFile } from './download.ts';
import { previewRelease } from './preview.ts';
import * as releases from './releases.ts';

export function releaseRoutes(app: FastifyInstance, context: Context): void {
  const { db, stores } = context;
  route(app, context, endpoints.createRelease, async ({ params, body }, { user }) => ({
    release: await releases.createRelease(context, user, await projectFor(db, user, params.projectId), body),
  }));
  route(app, context, endpoints.listReleases, async ({ params }, { user }) =>
    releases.listReleases(db, await projectFor(db, user, params.projectId)),
  );
  route(app, context, endpoints.readRelease, ({ params }) => releases.readRelease(db, params.releaseId));
  route(app, context, endpoints.cancelRelease, ({ params }, { user }) =>
    releases.cancelRelease(context, user, params.releaseId),
  );
  route(app, context, endpoints.rebuildRelease, ({ params }, { user }) =>
    releases.rebuildRelease(context, user, params.releaseId),
  );
  route(app, context, endpoints.deleteRelease, ({ params }, { user }) =>
    releases.deleteRelease(context, user, params.releaseId),
  );
  route(app, context, endpoints.readReleaseFile, async ({ params }, { request, reply }) => {
    const { status, headers, stream } = await readFile(db, stores, params.releaseId, params.name, request.headers);
    return reply.code(status).headers(headers).send(stream);
  });
  route(app, context, endpoints.readReleaseArchive, async ({ params }, { reply }) => {
    const { name, stream } = await readArchive(db, stores, params.releaseId);
    reply.type('application/x-tar').header('content-disposition', `attachment; filename="${name}"`);
    return stream;
  });
  route(app, context, endpoints.previewRelease, async ({ params, body }, { user }) =>
    previewRelease(db, await projectFor(db, user, params.projectId), body.definition),
  );
  route(app, context, endpoints.releaseChoices, async ({ params }, { user }) =>
    releases.releaseChoices(context, await projectFor(db, user, params.projectId)),
  );
  route(app, context, endpoints.compareReleases, ({ params, query }) =>
    releases.compareReleases(context, params.releaseId, query.from),
  );
  route(app, context, endpoints.listFindings, ({ params, query }) =>
    releases.listFindings(db, params.releaseId, query),
  );
}
