import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../shared/webhooks.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { createWebhook, deleteWebhook, listWebhooks, testWebhook } from './webhooks.ts';

export function webhookRoutes(app: FastifyInstance, context: Context): void {
  const { db } = context;
  route(app, context, endpoints.createWebhook, ({ params, body }, { user }) =>
    createWebhook(context, user, params.projectId, body.url),
  );
  route(app, context, endpoints.listWebhooks, async ({ params }) => ({
    webhooks: await listWebhooks(db, params.projectId),
  }));
  route(app, context, endpoints.deleteWebhook, ({ params }, { user }) => deleteWebhook(db, user, params.webhookId));
  route(app, context, endpoints.testWebhook, async ({ params }, { user }) => ({
    webhook: await testWebhook(context, user, params.webhookId),
  }));
}
