import type { FastifyInstance } from 'fastify';
import { health } from '../../shared/server.ts';
import type { Context } from '../context.ts';
import { ping } from '../db/notify.ts';
import { Refusal } from '../problem.ts';
import { route } from './route.ts';

/** `GET /api/health`: 503 where the database does not answer, so that a load balancer turns elsewhere. */
export function healthRoutes(app: FastifyInstance, context: Context, version: string): void {
  route(app, context, health, async () => {
    try {
      await ping(context.db);
    } catch {
      throw new Refusal('unavailable', 'The database does not answer.');
    }
    return { status: 'ok' as const, database: 'ok' as const, version };
  });
}
