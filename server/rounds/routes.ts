import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../shared/rounds.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { listRounds, startRound } from './rounds.ts';

export function roundRoutes(app: FastifyInstance, context: Context): void {
  const { db, hub, clock } = context;
  route(app, context, endpoints.startRound, async ({ params: { projectId }, body }, { user }) =>
    hub.touching(projectId, { round: await startRound(db, user, projectId, body, clock) }),
  );
  route(app, context, endpoints.listRounds, ({ params }) => listRounds(db, params.projectId));
}
