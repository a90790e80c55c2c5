import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillPath, permits, roles, type Endpoint } from '../../shared/endpoint.ts';
import { problem } from '../../shared/errors.ts';
import { claim, saveDraft } from '../../shared/tasks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { allEndpoints } from '../support/endpoints.ts';
import { seedComparisons } from '../support/seed.ts';
import { claimed, projectWith } from '../support/work.ts';

let t: TestApp;
let people: Map<string, Caller>;
const routes: { method: string; url: string }[] = [];

beforeAll(async () => {
  t = await startApp({
    onRoute: ({ method, url }) => routes.push(...[method].flat().map((one) => ({ method: one, url }))),
  });
  people = new Map(await Promise.all(roles.map(async (role) => [role, await t.person(role)] as const)));
});
afterAll(() => t.close());

const pathOf = ({ path }: Endpoint): string =>
  fillPath(
    path,
    Object.fromEntries(
      [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => [name, name === 'kind' ? 'sft' : randomUUID()]),
    ),
  );

describe.each(allEndpoints.map((endpoint) => ({ name: `${endpoint.method} ${endpoint.path}`, endpoint })))(
  '$name',
  ({ endpoint }) => {
    it.each(['none', ...roles] as const)('asked by %s', async (role) => {
      const caller = role === 'none' ? undefined : people.get(role);
      // Signing out would end the session that the other rows use.
      const session =
        caller && endpoint.path === '/api/session' && endpoint.method === 'DELETE'
          ? await t.person(caller.role)
          : caller;
      const response = await t.app.inject({
        method: endpoint.method,
        url: pathOf(endpoint),
        headers: session?.headers ?? {},
      });
      const allowed = permits(endpoint.access, caller?.role ?? null);
      const { statusCode } = response;
      expect(statusCode).toBeLessThan(500);
      if (!allowed) expect(statusCode).toBe(caller ? 403 : 401);
      else expect([401, 403]).not.toContain(statusCode);
      if (statusCode >= 400) expect(problem.parse(response.json())).toMatchObject({ status: statusCode });
    });

    it('is refused to pages of other sites, and to API tokens that do not exist', async () => {
      const method = endpoint.method;
      const headers = people.get('admin')?.headers ?? {};
      if (method !== 'GET') {
        const foreign = await t.app.inject({
          method,
          url: pathOf(endpoint),
          headers: { ...headers, origin: 'https://elsewhere.example' },
        });
        expect(foreign.json()).toMatchObject({ code: 'foreign_origin' });
        const bySite = await t.app.inject({
          method,
          url: pathOf(endpoint),
          headers: { ...headers, 'sec-fetch-site': 'cross-site' },
        });
        expect(bySite.json()).toMatchObject({ code: 'foreign_origin' });
      }
      const token = await t.app.inject({
        method,
        url: pathOf(endpoint),
        headers: { authorization: 'Bearer duo_wrong' },
      });
      expect(token.statusCode).toBe(401);
    });
  },
);

it('has no route that the contract does not declare', () => {
  const declared = new Set(allEndpoints.map(({ method, path }) => `${method} ${path}`));
  const known = /^\/api\/(docs|openapi\.json|live)|^\/(\*|static)?$|^\/assets/;
  const undeclared = routes.filter(
    ({ method, url }) => method !== 'HEAD' && !known.test(url) && !declared.has(`${method} ${url}`),
  );
  expect(undeclared).toEqual([]);
  const missing = [...declared].filter((one) => !routes.some(({ method, url }) => `${method} ${url}` === one));
  expect(missing).toEqual([]);
});

describe('input of any kind', () => {
  const junk = fc.oneof(
    fc.jsonValue(),
    fc.constantFrom('', '{', '[]', 'null', '\u0000', '{"a":"\\u0000"}', '{"__proto__":{"admin":true}}'),
  );

  it('never brings about a 5xx', { timeout: 120_000 }, async () => {
    // Those that would change the accounts in use are left to their own tests.
    const targets = allEndpoints.filter(({ path }) => !/session|password|users|setup/.test(path));
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...targets),
        junk,
        fc.string({ unit: 'binary', maxLength: 20 }),
        async (endpoint, body, text) => {
          const query = endpoint.query
            ? `?format=prompts&kind=${encodeURIComponent(text.toWellFormed())}&after=%00&since=x&before=1&limit=2`
            : '';
          const response = await t.app.inject({
            method: endpoint.method,
            url: pathOf(endpoint) + query,
            headers: {
              ...people.get('admin')?.headers,
              ...(endpoint.method !== 'GET' && { 'content-type': 'application/json' }),
            },
            ...(endpoint.method !== 'GET' && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
          });
          expect(response.statusCode, `${endpoint.method} ${endpoint.path} ${response.body}`).toBeLessThan(500);
        },
      ),
      { numRuns: 600, seed: 7 },
    );
  });

  it('is refused with a reason: no JSON, no UTF-8, another type, too large', async () => {
    const admin = await t.person('admin');
    const project = await projectWith(t, admin, []);
    await seedComparisons(t.database.db, project.id, 1);
    const { id } = await claimed(t, project, admin);
    const send = (payload: string | Buffer, type = 'application/json') =>
      t.app.inject({
        method: saveDraft.method,
        url: fillPath(saveDraft.path, { assignmentId: id }),
        headers: { ...admin.headers, 'content-type': type },
        payload,
      });
    expect((await send('{"draft": ')).json()).toMatchObject({ status: 400, code: 'malformed' });
    expect((await send(Buffer.from([0x7b, 0xff, 0x7d]))).json()).toMatchObject({
      status: 400,
      detail: 'The body is not UTF-8 text.',
    });
    expect((await send('a=b', 'application/x-www-form-urlencoded')).json()).toMatchObject({ status: 415 });
    expect((await send(`{"draft":{"a":"${'x'.repeat(17_000_000)}"}}`)).json()).toMatchObject({ status: 413 });
    expect((await send('{"draft":{},"revision":0,"color":1}')).json()).toMatchObject({
      status: 422,
      detail: expect.stringContaining('color') as string,
    });
    const deep = `{"draft":{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}},"revision":0}`;
    expect((await send(deep)).json()).toMatchObject({ status: 422, code: 'invalid' });
    expect((await send('{"draft":{},"revision":0}', 'text/plain')).json()).toMatchObject({ status: 415 });
    const bad = await t.app.inject({
      method: 'POST',
      url: fillPath(claim.path, { projectId: 'nonsense' }),
      headers: admin.headers,
    });
    expect(bad.json()).toMatchObject({ status: 422, errors: [{ path: 'projectId' }] });
    const none = await t.app.inject({ method: 'GET', url: '/api/nothing', headers: { accept: 'text/html' } });
    expect(none.json()).toMatchObject({ status: 404, code: 'not_found' });
  });
});

it('sends pages under a strict policy', async () => {
  const { headers } = await t.app.inject({ method: 'GET', url: '/api/health' });
  expect(headers['content-security-policy']).toContain("default-src 'self'");
  expect(headers['content-security-policy']).not.toContain('unsafe');
  expect(headers['x-content-type-options']).toBe('nosniff');
});

it('describes itself', async () => {
  const document = (await t.app.inject({ method: 'GET', url: '/api/openapi.json' })).json<{
    paths: Record<string, object>;
  }>();
  for (const { method, path } of allEndpoints)
    expect(document.paths[path.replace(/:(\w+)/g, '{$1}')], path).toHaveProperty(method.toLowerCase());
  expect((await t.app.inject({ method: 'GET', url: '/api/docs/' })).body).toContain('swagger');
});
