import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../shared/models.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { changeModel, checkedModel, createModel, listModels } from './models.ts';

export function modelRoutes(app: FastifyInstance, context: Context): void {
  route(app, context, endpoints.createModel, async ({ body }, { user }) => ({
    model: await createModel(context, user, body),
  }));
  route(app, context, endpoints.listModels, async () => ({ models: await listModels(context.db) }));
  route(app, context, endpoints.changeModel, async ({ params, body }, { user }) => ({
    model: await changeModel(context, user, params.modelId, body),
  }));
  route(app, context, endpoints.checkModel, async ({ params }) => ({
    check: await checkedModel(context, params.modelId),
  }));
}
