import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import * as endpoints from '../../shared/accounts.ts';
import type { Context } from '../context.ts';
import { route } from '../http/route.ts';
import { readAudit } from './audit.ts';
import { erasePerson } from './erase.ts';
import { acceptInvitation, inspectInvitation, invite, listInvitations, revokeInvitation } from './invitations.ts';
import { changePassword } from './passwords.ts';
import { isSetupNeeded, setup } from './setup.ts';
import { signIn } from './sign-in.ts';
import { createToken, listTokens, revokeToken } from './tokens.ts';
import { changeName, changeUser, listUsers, readProfile } from './users.ts';

export function accountRoutes(app: FastifyInstance, context: Context): void {
  const { db, sessions, clock, secret, publicUrl } = context;

  async function enter(reply: FastifyReply, user: endpoints.User): Promise<{ user: endpoints.User }> {
    reply.header('set-cookie', (await sessions.create(user.id)).cookie);
    return { user };
  }
  async function leave(request: FastifyRequest, reply: FastifyReply): Promise<null> {
    reply.header('set-cookie', (await sessions.invalidate(request.cookies[sessions.cookieName] ?? '')).cookie);
    return null;
  }

  route(app, context, endpoints.signIn, async ({ body }, { request, reply }) =>
    enter(reply, await signIn(db, clock(), body, request.ip)),
  );
  route(app, context, endpoints.whoAmI, async (_, { user }) => ({ user: await readProfile(db, user) }));
  route(app, context, endpoints.signOut, (_, { request, reply }) => leave(request, reply));

  route(app, context, endpoints.setupState, async () => ({ needed: await isSetupNeeded(db) }));
  route(app, context, endpoints.setup, async ({ body }, { reply }) => enter(reply, await setup(db, secret, body)));

  route(app, context, endpoints.invite, ({ body }, { user }) => invite(db, clock(), publicUrl(), user, body));
  route(app, context, endpoints.listInvitations, async () => ({ invitations: await listInvitations(db) }));
  route(app, context, endpoints.revokeInvitation, ({ params }, { user }) =>
    revokeInvitation(db, user, params.invitationId),
  );
  route(app, context, endpoints.inspectInvitation, ({ body }) => inspectInvitation(db, clock(), body.token));
  route(app, context, endpoints.acceptInvitation, async ({ body }, { reply }) =>
    enter(reply, await acceptInvitation(db, clock(), body)),
  );

  route(app, context, endpoints.changeProfile, async ({ body }, { user }) => ({
    user: await changeName(db, sessions, user, body.name),
  }));
  route(app, context, endpoints.changePassword, ({ body }, { user }) =>
    changePassword(db, sessions, clock(), user, body),
  );
  route(app, context, endpoints.createToken, ({ body }, { user }) => createToken(db, user, body.name));
  route(app, context, endpoints.listTokens, async (_, { user }) => ({ tokens: await listTokens(db, user) }));
  route(app, context, endpoints.revokeToken, ({ params }, { user }) => revokeToken(db, sessions, user, params.tokenId));

  route(app, context, endpoints.listUsers, async () => ({ users: await listUsers(db) }));
  route(app, context, endpoints.changeUser, async ({ params, body }, { user }) => ({
    user: await changeUser(db, sessions, user, params.userId, body),
  }));
  route(app, context, endpoints.erasePerson, ({ params, body }, { user }) =>
    erasePerson(db, sessions, clock, user, params.userId, body.confirm),
  );
  route(app, context, endpoints.readAudit, ({ query }) => readAudit(db, query));
}
