import type { IncomingMessage } from 'node:http';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { problems, type Fault, type Problem, type ProblemCode } from '../../shared/errors.ts';
import { Refusal, rootCause } from '../problem.ts';

/** The one place that turns errors into answers: RFC 9457 problem documents. A 5xx never tells its text. */
export function registerErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal.code === 'internal') request.log.error({ err: rootCause(error) }, 'request failed');
    else if (problems[refusal.code][0] >= 500) request.log.warn({ err: rootCause(error) }, 'request failed');
    send(request, reply, refusal);
  });
}

function send(request: FastifyRequest, reply: FastifyReply, { code, message, faults, members }: Refusal): void {
  const [status, title] = problems[code];
  const body: Problem = {
    type: 'about:blank',
    title,
    status,
    code,
    detail: message,
    ...(faults.length > 0 && { errors: faults }),
    ...members,
  };
  if (typeof members.retryAfter === 'number') reply.header('retry-after', Math.ceil(members.retryAfter));
  if (request.method !== 'GET' && !request.raw.complete) readOn(request.raw);
  reply.code(status).type('application/problem+json').serializer(JSON.stringify).send(body);
}

/** How long the rest of a refused body is read on to nowhere, in milliseconds. */
const readOnWithin = 30_000;

/**
 * Many clients send all before they listen, and to close the connection on them would lose the answer that says what is
 * wrong. Whoever takes too long is cut off.
 */
function readOn(body: IncomingMessage): void {
  const timer = setTimeout(() => body.destroy(), readOnWithin).unref();
  body.once('close', () => clearTimeout(timer));
  body.unpipe();
  body.resume();
}

/** Fastify's own codes, as far as a client's input can bring them about. */
const ofFastify: Record<string, ProblemCode> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'too_large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed',
  FST_ERR_BAD_URL: 'malformed',
};

function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (hasZodFastifySchemaValidationErrors(error)) {
    const faults = error.validation.flatMap(({ instancePath, message = '', params }) =>
      faultsOf(instancePath.slice(1).split('/').filter(Boolean), message, params),
    );
    return new Refusal(
      'invalid',
      faults.map(({ path, message }) => (path ? `${path}: ${message}` : message)).join('; '),
      faults,
    );
  }
  const { code = '', statusCode = 500 } = error as Partial<FastifyError>;
  const known = ofFastify[code] ?? databaseProblem(error);
  if (known !== null) return new Refusal(known);
  if (statusCode === 429) return new Refusal('too_many_requests');
  if (statusCode >= 400 && statusCode < 500)
    return new Refusal('malformed', error instanceof Error ? error.message : undefined);
  return new Refusal('internal');
}

/** Where an input may have one of several shapes, tells of the shape that it comes closest to. */
function faultsOf(path: readonly string[], message: string, issue: object): Fault[] {
  if ('errors' in issue && Array.isArray(issue.errors)) {
    const shapes = issue.errors as { path: (string | number)[]; message: string; code: string; expected?: string }[][];
    const missing = (shape: (typeof shapes)[number]) =>
      shape.filter(({ code, path }) => code === 'unrecognized_keys' || path.length <= 1).length;
    const closest = shapes.toSorted((a, b) => missing(a) - missing(b) || a.length - b.length)[0];
    if (closest)
      return closest.flatMap((inner) => faultsOf([...path, ...inner.path.map(String)], inner.message, inner));
  }
  return [{ path: path.join('.'), message }];
}

/**
 * What PostgreSQL's own refusals mean to a client, by SQLSTATE. Input is checked before it gets there; this is the net
 * below. Drizzle wraps the driver's error as its cause.
 */
function databaseProblem(error: unknown): ProblemCode | null {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    // The driver gives this one no code.
    if (/^Connection terminated|timeout exceeded when trying to connect/.test(inner.message)) return 'unavailable';
    if (!('code' in inner) || typeof inner.code !== 'string') continue;
    if (inner.code === '53100' || inner.code === 'ENOSPC') return 'storage_full';
    if (/^(22|23502|23514)/.test(inner.code)) return 'invalid';
    if (/^23/.test(inner.code)) return 'conflict';
    if (/^(08|53|57P|40P01|40001|ECONN|ENOTFOUND|EPIPE|ETIMEDOUT)/.test(inner.code)) return 'unavailable';
  }
  return null;
}
