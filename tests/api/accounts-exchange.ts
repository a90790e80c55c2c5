import { tmpdir } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../server/app.ts';
import { openDatabase } from '../../server/db/open.ts';
import { fillPath, type Endpoint, type Input } from '../../shared/endpoint.ts';
import type { TestApp } from '../support/app.ts';

/** A second server on the same database, with connections of its own where the engine has more than one. */
export async function startSecond({ database, context }: TestApp, publicUrl: string) {
  const own = database.url === null ? null : await openDatabase({ url: database.url, dataDir: '' });
  const { clock, secret } = context;
  const { app } = await buildApp({
    database: own ?? database,
    clock,
    secret,
    publicUrl,
    version: 'test',
    logLevel: 'fatal',
    dataDir: tmpdir(),
  });
  await app.ready();
  return {
    app,
    async close(): Promise<void> {
      await app.close();
      await own?.close();
    },
  };
}

export interface Answer {
  readonly status: number;
  /** Undefined where there is none. */
  readonly body: unknown;
  /** The Set-Cookie header; empty where there is none. */
  readonly setCookie: string;
  readonly retryAfter: string | undefined;
}

/** Calls an endpoint with headers as a browser or a program sends them; for tests that are about headers. */
export async function ask<E extends Endpoint>(
  { app }: { app: FastifyInstance },
  endpoint: E,
  input: Input<E>,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const { params, query, body } = input as { params?: Record<string, string>; query?: object; body?: object };
  const response = await app.inject({
    method: endpoint.method,
    url: fillPath(endpoint.path, params),
    query: Object.fromEntries(Object.entries(query ?? {}).map(([name, value]) => [name, String(value)])),
    headers,
    ...(body && { payload: body }),
  });
  return {
    status: response.statusCode,
    body: response.payload === '' ? undefined : response.json<unknown>(),
    setCookie: [response.headers['set-cookie'] ?? []].flat().join('\n'),
    retryAfter: response.headers['retry-after']?.toString(),
  };
}

/** The Cookie header that follows on a Set-Cookie. */
export function cookieOf({ setCookie }: Answer): string {
  return setCookie.split(';')[0] ?? '';
}
