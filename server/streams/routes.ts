import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../shared/streams.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';

export function streamRoutes(app: FastifyInstance, context: Context): void {
  const { streams } = context;
  route(app, context, endpoints.readStream, async ({ params }, { user }) => ({
    stream: await streams.readOne(user.id, params.streamId),
  }));
  route(app, context, endpoints.stopStream, async ({ params }, { user }) => {
    await streams.stop(user.id, params.streamId);
    return null;
  });
}
