import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Endpoint, Output, Parsed } from '../../shared/endpoint.ts';
import { problem } from '../../shared/errors.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Context } from '../context.ts';
import { Refusal } from '../problem.ts';
import { authorise } from './session.ts';

/**
 * Most requests of one address in a minute to an endpoint that changes something for anyone: each may cost a password hash.
 * Wrong passwords are slowed far earlier, by accounts/throttle.ts.
 */
const strangersPerMinute = 600;

export interface Call {
  /** Whoever asks. Only an endpoint for `anyone` is reached without one, and reading this there refuses the call. */
  readonly user: SignedIn;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/**
 * Adds the route of an endpoint: who may call it, what comes in and what goes out are all taken from the declaration; the
 * handler is one expression that calls a rule.
 */
export function route<E extends Endpoint>(
  app: FastifyInstance,
  context: Context,
  endpoint: E,
  handle: (input: Parsed<E>, call: Call) => Promise<Output<E>> | Output<E>,
): void {
  const { method, path: url, access, summary, params, query, body, response, status = 200 } = endpoint;
  const add = (scope: FastifyInstance): void => {
    scope.route({
      method,
      url,
      schema: {
        summary,
        description: `Needs: ${access}.`,
        tags: [url.split('/')[2] ?? 'server'],
        ...(params && { params }),
        ...(query && { querystring: query }),
        ...(body && body !== 'stream' && { body }),
        response: responses(response, status),
      },
      ...(access === 'anyone' &&
        method !== 'GET' && { config: { rateLimit: { max: strangersPerMinute, timeWindow: 60_000 /* ms */ } } }),
      onRequest: (request, reply) => authorise(context, request, access, reply),
      handler: async (request, reply) => {
        const call: Call = {
          get user() {
            if (request.user === null) throw new Refusal('not_signed_in');
            return request.user;
          },
          request,
          reply,
        };
        // The type provider has parsed all three by the schemas that `Parsed` is made of.
        const input = { params: request.params, query: request.query, body: request.body } as Parsed<E>;
        const output = await handle(input, call);
        if (response === 'stream') return output;
        return output === null ? reply.code(204).send() : reply.code(status).send(output);
      },
    });
  };
  if (body === 'stream') {
    // In a scope of its own: there, a body of any type goes to the handler unread.
    void app.register((scope, _options, done) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, payload, ready) => ready(null, payload));
      add(scope);
      done();
    });
  } else add(app);
}

const nothing = z.null().describe('Nothing');

function responses(response: Endpoint['response'], status: number): Record<string, unknown> {
  const refused = { content: { 'application/problem+json': { schema: problem } }, description: 'Refused' };
  if (response === null) return { 204: nothing, default: refused };
  if (response === 'stream') return { default: refused };
  if (response instanceof z.ZodNullable) return { [status]: response.unwrap(), 204: nothing, default: refused };
  return { [status]: response, default: refused };
}
