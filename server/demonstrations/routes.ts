import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../shared/suggestions.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { suggest } from './suggestions.ts';

export function demonstrationRoutes(app: FastifyInstance, context: Context): void {
  route(app, context, endpoints.suggest, ({ params, body }, { user }) =>
    suggest(context, user, params.assignmentId, body),
  );
}
