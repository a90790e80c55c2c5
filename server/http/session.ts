import type { FastifyReply, FastifyRequest } from 'fastify';
import { verifyRequestOrigin } from 'lucia';
import { permits, type Access } from '../../shared/endpoint.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../problem.ts';

declare module 'fastify' {
  interface FastifyRequest {
    user: SignedIn | null;
  }
}

/**
 * Finds out who asks, by bearer token or session cookie, and refuses whoever may not. `reply` takes the cookie of a session
 * that was renewed.
 */
export async function authorise(
  { sessions, publicUrl }: Context,
  request: FastifyRequest,
  access: Access,
  reply?: FastifyReply,
): Promise<void> {
  const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (bearer !== undefined) {
    request.user = await sessions.ofToken(bearer);
    if (request.user === null) throw new Refusal('not_signed_in', 'This API token does not exist or was revoked.');
  } else {
    // A browser sends the cookie whoever made the page, so changes are only taken from our own pages.
    if (request.method !== 'GET' && request.method !== 'HEAD') checkOrigin(request, publicUrl());
    const id = request.cookies[sessions.cookieName];
    if (id !== undefined)
      request.user = await sessions.validate(id, (cookie) => void reply?.header('set-cookie', cookie));
  }
  if (permits(access, request.user?.role ?? null)) return;
  throw request.user === null
    ? new Refusal('not_signed_in', 'This needs you to sign in.')
    : new Refusal('forbidden', `This needs the role ${access}; yours is ${request.user.role}.`);
}

/** Refuses a request that a page of another site made. */
export function checkOrigin(request: FastifyRequest, publicUrl: string): void {
  const { origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  // Programs that are no browser send neither.
  const foreign =
    origin === undefined
      ? site !== undefined && site !== 'same-origin' && site !== 'none'
      : !verifyRequestOrigin(origin, [request.host, publicUrl]);
  if (foreign) throw new Refusal('foreign_origin', `Changes are not taken from ${origin ?? 'another site'}.`);
}
