import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../shared/samplings.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { cancelBatch, listSamplings, retryFailed, retrySampling, samplePool } from './pool.ts';
import { keepSideBySide, sideBySide } from './side-by-side.ts';

export function samplingRoutes(app: FastifyInstance, context: Context): void {
  const { db } = context;
  route(app, context, endpoints.samplePool, async ({ params, body }, { user }) => ({
    batch: await samplePool(context, user, params.projectId, body),
  }));
  route(app, context, endpoints.listSamplings, ({ params, query }, { user }) =>
    listSamplings(db, user, params.projectId, query),
  );
  route(app, context, endpoints.retrySampling, async ({ params }, { user }) => ({
    sampling: await retrySampling(context, user, params.samplingId),
  }));
  route(app, context, endpoints.retryFailed, async ({ params }, { user }) => ({
    retried: await retryFailed(context, user, params.projectId),
  }));
  route(app, context, endpoints.cancelBatch, async ({ params }, { user }) => ({
    batch: await cancelBatch(context, user, params.batchId),
  }));
  route(app, context, endpoints.sideBySide, ({ params, body }, { user }) =>
    sideBySide(context, user, params.projectId, body),
  );
  route(app, context, endpoints.keepSideBySide, async ({ params }, { user }) => ({
    comparisonId: await keepSideBySide(context, user, params.sideId),
  }));
}
