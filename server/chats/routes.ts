import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../shared/chats.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { answerAgain, readChat, say } from './chats.ts';
import { openChats } from './open.ts';

export function chatRoutes(app: FastifyInstance, context: Context): void {
  const { db, hub } = context;
  route(app, context, endpoints.readChat, async ({ params }, { user }) => ({
    chat: await readChat(context, user, params.assignmentId),
  }));
  route(app, context, endpoints.say, ({ params, body }, { user }) => say(context, user, params.assignmentId, body));
  route(app, context, endpoints.answerAgain, ({ params, body }, { user }) =>
    answerAgain(context, user, params.assignmentId, body),
  );
  route(app, context, endpoints.openChats, async ({ params, body }, { user }) =>
    hub.touching(params.projectId, await openChats(db, user, params.projectId, body)),
  );
}
