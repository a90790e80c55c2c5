import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { createUser } from '../../server/accounts/users.ts';
import { type AppOptions, buildApp } from '../../server/app.ts';
import type { Context } from '../../server/context.ts';
import { fillPath, type Endpoint, type Input, type Output, type Role } from '../../shared/endpoint.ts';
import { problem, type Problem, type ProblemCode } from '../../shared/errors.ts';
import { freshDatabase, type TestDatabase } from './database.ts';

/** Someone who calls: with a session cookie, as a browser does, or with an API token. */
export interface Caller {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly headers: Record<string, string>;
}

export interface TestApp {
  readonly app: FastifyInstance;
  readonly context: Context;
  readonly database: TestDatabase;
  /** The clock's lead over the real one, in milliseconds; tests move it. */
  ahead: number;
  /** Makes a signed-in person. */
  person(role: Role, name?: string): Promise<Caller>;
  /** Calls an endpoint and expects success. */
  call<E extends Endpoint>(endpoint: E, input: Input<E>, as?: Caller): Promise<Output<E>>;
  /** Calls an endpoint and expects this refusal. */
  refused<E extends Endpoint>(code: ProblemCode, endpoint: E, input: Input<E>, as?: Caller): Promise<Problem>;
  /** Calls an endpoint and hands over whatever comes. */
  send<E extends Endpoint>(endpoint: E, input: Input<E>, as?: Caller): Promise<LightMyRequestResponse>;
  close(): Promise<void>;
}

export const testPassword = 'a password for tests';

/** The whole server on a fresh database, called without a network. */
export async function startApp(
  options: Partial<Pick<AppOptions, 'publicUrl' | 'random' | 'onRoute' | 'modelTiming' | 'modelHosts' | 's3'>> = {},
): Promise<TestApp> {
  const database = await freshDatabase();
  const dataDir = await mkdtemp(join(tmpdir(), 'duologue-app-'));
  // The server asks for the time before this is all there is.
  const lead = { ms: 0 };
  const clock = (): Date => new Date(Date.now() + lead.ms);
  const { app, context } = await buildApp({
    database,
    clock,
    secret: 'a secret for tests only',
    publicUrl: 'http://localhost:3000',
    version: 'test',
    logLevel: process.env.LOG_LEVEL ?? 'fatal',
    dataDir,
    ...options,
  });
  await app.ready();
  let people = 0;

  const started: TestApp = {
    app,
    context,
    database,
    get ahead() {
      return lead.ms;
    },
    set ahead(ms) {
      lead.ms = ms;
    },
    async person(role, name) {
      people += 1;
      const email = `${role}-${people}@example.org`;
      const user = await createUser(context.db, {
        role,
        email,
        name: name ?? `${role} ${people}`,
        password: testPassword,
      });
      const { id } = await context.sessions.create(user.id);
      return { id: user.id, name: user.name, email, role, headers: { cookie: `${context.sessions.cookieName}=${id}` } };
    },
    async send(endpoint, input, as) {
      const { params, query, body } = input as {
        params?: Record<string, string>;
        query?: Record<string, unknown>;
        body?: unknown;
      };
      const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
      return app.inject({
        method: endpoint.method,
        url: fillPath(endpoint.path, params),
        query: Object.fromEntries(given.map(([name, value]) => [name, String(value)])),
        headers: { ...as?.headers, ...(endpoint.body === 'stream' && { 'content-type': 'application/octet-stream' }) },
        ...(body === undefined ? {} : { payload: body as string | Buffer | object }),
      });
    },
    async call(endpoint, input, as) {
      const response = await started.send(endpoint, input, as);
      if (response.statusCode >= 300)
        throw new Error(`${endpoint.method} ${endpoint.path} answered ${response.statusCode}: ${response.body}`);
      return (
        response.statusCode === 204 ? null : endpoint.response === 'stream' ? response.body : response.json()
      ) as never;
    },
    async refused(code, endpoint, input, as) {
      const response = await started.send(endpoint, input, as);
      if (!String(response.headers['content-type']).startsWith('application/problem+json'))
        throw new Error(`${endpoint.method} ${endpoint.path} answered ${response.statusCode}: ${response.body}`);
      const told = problem.parse(response.json());
      if (told.code !== code || told.status !== response.statusCode)
        throw new Error(`expected the refusal ${code}, got ${response.body}`);
      return told;
    },
    async close() {
      await app.close();
      await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return started;
}
