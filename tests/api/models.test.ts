import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readAudit } from '../../shared/accounts.ts';
import { changeModel, checkModel, createModel, listModels, type Model, type ModelCheck } from '../../shared/models.ts';
import { provideDemoModels } from '../../server/projects/demo.ts';
import { transaction } from '../../server/db/database.ts';
import { modelOf } from '../../server/models/models.ts';
import type { Asked } from '../../server/models/provider.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { type ModelServer, rightKey, startModelServer } from '../support/model-server.ts';

let app: TestApp;
let admin: Caller;
let server: ModelServer;

beforeAll(async () => {
  [app, server] = await Promise.all([
    startApp({ modelTiming: { firstMs: 2_000, silenceMs: 1_200, retryMs: 10, checkMs: 1_500 } }),
    startModelServer({ betweenMs: 1 }),
  ]);
  admin = await app.person('admin');
});
afterAll(() => Promise.all([app.close(), server.close()]));

let names = 0;
async function made(model: string, more: Partial<Parameters<typeof body>[1]> = {}): Promise<Model> {
  return (await app.call(createModel, { body: body(model, more) }, admin)).model;
}

function body(
  model: string,
  more: { name?: string; provider?: 'openai' | 'moderations'; baseUrl?: string; apiKey?: string },
) {
  names += 1;
  return { name: `${model} ${names}`, provider: 'openai' as const, baseUrl: server.url, model, ...more };
}

async function checked(model: Model): Promise<ModelCheck> {
  return (await app.call(checkModel, { params: { modelId: model.id } }, admin)).check;
}

async function listed(id: string): Promise<Model | undefined> {
  return (await app.call(listModels, {}, admin)).models.find((model) => model.id === id);
}

const question: Asked = { messages: [{ role: 'user', content: 'Hi' }], role: 'assistant', parameters: {}, seed: 1 };

describe('the registry', () => {
  test('keeps a model and never sends its key back', async () => {
    const sent = {
      ...body('keyed', { apiKey: rightKey }),
      parameters: { temperature: 0.7 },
      price: { input: 1, output: 2 },
    };
    const { model } = await app.call(createModel, { body: sent }, admin);
    expect(model).toMatchObject({
      ...{ name: sent.name, provider: 'openai', baseUrl: server.url, model: 'keyed', hasKey: true, concurrency: 8 },
      ...{ parameters: { temperature: 0.7 }, price: { input: 1, output: 2 }, archived: false, check: null },
    });
    expect(await listed(model.id)).toEqual(model);
    const audit = await app.send(readAudit, { query: {} }, admin);
    const everything = JSON.stringify([model, audit.json(), await app.call(listModels, {}, admin)]);
    expect(everything).not.toContain(rightKey);
    expect(audit.body).toContain('model.create');
    const row = await modelOf(app.context.db, model.id);
    expect(row.apiKey).toMatch(/^v1\./);
    expect(row.apiKey).not.toContain(rightKey);
    expect((await checked(model)).ok).toBe(true);
    expect(server.last('keyed')?.authorization).toBe(`Bearer ${rightKey}`);
  });

  test('is for admins', async () => {
    const model = await made('steady');
    for (const role of ['trainer', 'reviewer'] as const) {
      const person = await app.person(role);
      const params = { modelId: model.id };
      await app.refused('forbidden', listModels, {}, person);
      await app.refused('forbidden', createModel, { body: body('steady', {}) }, person);
      await app.refused('forbidden', changeModel, { params, body: { name: 'other' } }, person);
      await app.refused('forbidden', checkModel, { params }, person);
    }
    await app.refused('not_signed_in', listModels, {});
  });

  test('has a name once, also where two ask at the same time', async () => {
    const model = await made('steady');
    const other = await made('steady');
    await app.refused('conflict', createModel, { body: body('steady', { name: model.name }) }, admin);
    const { detail } = await app.refused(
      'conflict',
      changeModel,
      { params: { modelId: other.id }, body: { name: model.name } },
      admin,
    );
    expect(detail).toContain(model.name);
    const twice = { body: body('steady', { name: 'asked for twice' }) };
    const answers = await Promise.all([app.send(createModel, twice, admin), app.send(createModel, twice, admin)]);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([201, 409]);
  });

  test.each([
    [{ baseUrl: 'http://169.254.169.254/v1' }, 'baseUrl', /metadata/],
    [{ baseUrl: 'http://[::ffff:169.254.169.254]/v1' }, 'baseUrl', /metadata/],
    [{ baseUrl: 'ftp://localhost/v1' }, 'baseUrl', /http or https/],
    [{ baseUrl: 'http://me:secret@localhost/v1' }, 'baseUrl', /user name/],
    [{ apiKey: 'sk schlüssel' }, 'apiKey', /ASCII/],
  ])('refuses %j', async (more, path, words) => {
    const { errors } = await app.refused('invalid', createModel, { body: body('steady', more) }, admin);
    expect(errors?.[0]).toMatchObject({ path, message: expect.stringMatching(words) as unknown });
  });

  test('asks for an address and an id where a server is behind, and for neither for the demo', async () => {
    const { errors } = await app.refused('invalid', createModel, { body: { name: 'x', provider: 'openai' } }, admin);
    expect(errors?.map(({ path }) => path)).toEqual(['baseUrl', 'model']);
    const { model } = await app.call(createModel, { body: { name: 'a replay', provider: 'replay' } }, admin);
    expect(model).toMatchObject({ baseUrl: null, model: 'replay', hasKey: false });
    expect(await checked(model)).toMatchObject({ ok: true, findings: [{ key: 'answers', ok: true }] });
    for (const more of [{ baseUrl: server.url }, { apiKey: 'sk' }]) {
      const replay = { name: 'another replay', provider: 'replay' as const, ...more };
      await app.refused('invalid', createModel, { body: replay }, admin);
      await app.refused('invalid', changeModel, { params: { modelId: model.id }, body: more }, admin);
    }
  });

  test('changes what is named and nothing else', async () => {
    const model = await made('steady', { apiKey: rightKey });
    const params = { modelId: model.id };
    await checked(model);
    const change = { concurrency: 3, parameters: { maxTokens: 9 }, price: { input: 1, output: 1 }, archived: true };
    const { model: changed } = await app.call(changeModel, { params, body: change }, admin);
    expect(changed).toMatchObject({ ...change, name: model.name, hasKey: true, check: { ok: true } });
    const { model: again } = await app.call(changeModel, { params, body: { price: null, archived: false } }, admin);
    expect(again).toMatchObject({ concurrency: 3, price: null, archived: false });
    expect((await app.call(changeModel, { params, body: {} }, admin)).model).toEqual(again);
    const { model: keyless } = await app.call(changeModel, { params, body: { apiKey: null } }, admin);
    expect(keyless.hasKey).toBe(false);
    await app.refused('not_found', changeModel, { params: { modelId: admin.id }, body: {} }, admin);
    await app.refused('not_found', checkModel, { params: { modelId: admin.id } }, admin);
  });

  test('a key does not go along to another host, and a check not to another address', async () => {
    const model = await made('steady', { apiKey: rightKey });
    const params = { modelId: model.id };
    await checked(model);
    const away = 'http://localhost:9/v1';
    const { errors } = await app.refused('invalid', changeModel, { params, body: { baseUrl: away } }, admin);
    expect(errors?.[0]).toMatchObject({ path: 'apiKey', message: expect.stringMatching(/another host/) as unknown });
    expect(await listed(model.id)).toMatchObject({ baseUrl: server.url, hasKey: true, check: { ok: true } });
    const sameHost = `${server.url}/deeper`;
    const { model: deeper } = await app.call(changeModel, { params, body: { baseUrl: sameHost } }, admin);
    expect(deeper).toMatchObject({ baseUrl: sameHost, hasKey: true, check: null });
    const { model: moved } = await app.call(changeModel, { params, body: { baseUrl: away, apiKey: null } }, admin);
    expect(moved).toMatchObject({ baseUrl: away, hasKey: false });
    const keyed = { baseUrl: server.url, apiKey: 'sk-another' };
    expect((await app.call(changeModel, { params, body: keyed }, admin)).model).toMatchObject({ hasKey: true });
  });
});

describe('a check', () => {
  const found = ({ findings }: ModelCheck): Record<string, boolean> =>
    Object.fromEntries(findings.map(({ key, ok }) => [key, ok]));

  test('says what a server can do, and is kept', async () => {
    const model = await made('steady');
    const check = await checked(model);
    expect(found(check)).toEqual({
      ...{ address: true, answers: true, streams: true, choices: true },
      ...{ logprobs: true, usage: true, system: true, seed: true },
    });
    expect(check.ok).toBe(true);
    expect(check.firstTokenMs).toBeGreaterThanOrEqual(0);
    expect((await listed(model.id))?.check).toEqual(check);
  });

  test.each([
    ['plain', { choices: false, usage: false, system: false, seed: false, answers: true }],
    ['no-n', { choices: false, seed: true }],
    ['no-seed', { seed: false, choices: true }],
    ['identical', { seed: true }],
  ])('%s can be used without what it lacks', async (scenario, expected) => {
    const check = await checked(await made(scenario));
    expect(check.ok).toBe(true);
    expect(found(check)).toMatchObject(expected);
  });

  test.each([
    ['wrong-key', 'answers', /does not accept the key.*Incorrect API key/],
    ['unknown-model', 'answers', /no such model.*`unknown-model` does not exist/],
    ['html', 'address', /web page/],
    ['broken', 'answers', /error of its own/],
    ['empty', 'answers', /without a word/],
    ['stall', 'answers', /stood still/],
  ])('%s: says what is wrong', async (scenario, key, words) => {
    const check = await checked(await made(scenario));
    expect(check.ok).toBe(false);
    expect(check.findings.find((finding) => !finding.ok)).toMatchObject({
      key,
      text: expect.stringMatching(words) as unknown,
    });
  });

  test('does not take longer than it may', async () => {
    server.pace.slowMs = 4_000;
    const check = await checked(await made('slow-first-token'));
    expect(check.ok).toBe(false);
    expect(check.findings.at(-1)?.text).toMatch(/within the 2 s of this check/);
  });

  test('does not say of a server that was too slow that it cannot', async () => {
    const check = await checked(await made('silent-n'));
    expect(check.ok).toBe(true);
    expect(check.findings.find(({ key }) => key === 'choices')).toMatchObject({
      ok: false,
      text: expect.stringMatching(
        /^Not known whether it gives several answers.*within the 2 s of this check/,
      ) as unknown,
    });
  });

  test('of a server that is not there', async () => {
    const check = await checked(await made('steady', { baseUrl: 'http://127.0.0.1:9/v1' }));
    expect(found(check)).toEqual({ address: false });
    expect(check.findings[0]?.text).toMatch(/Nothing answers/);
  });

  test('of a server that judges', async () => {
    const check = await checked(await made('moderation', { provider: 'moderations' }));
    expect(check.ok).toBe(true);
    expect(found(check)).toEqual({ address: true, judges: true });
    expect((await checked(await made('wrong-key', { provider: 'moderations' }))).ok).toBe(false);
  });

  test('with a key that cannot be opened any more', async () => {
    const model = await made('steady', { apiKey: rightKey });
    const other = await made('steady', { apiKey: rightKey });
    const { apiKey } = await modelOf(app.context.db, other.id);
    const row = { ...(await modelOf(app.context.db, model.id)), apiKey };
    const check = await app.context.models.check(row, new Date());
    expect(check.findings.at(-1)).toMatchObject({
      key: 'answers',
      ok: false,
      text: expect.stringMatching(/APP_SECRET/) as unknown,
    });
    await expect(app.context.models.write(row, question, AbortSignal.timeout(1_000)).next()).rejects.toMatchObject({
      kind: 'key',
    });
  });
});

test('the demo comes with two models that need no server', async () => {
  const { db } = app.context;
  const provided = (): Promise<unknown[]> =>
    transaction(db, async (tx) => {
      const rows = await provideDemoModels(tx);
      return rows.map(({ name, parameters }) => [name, parameters.temperature]);
    });
  for (const model of (await app.call(listModels, {}, admin)).models)
    if (model.provider === 'replay')
      await app.call(changeModel, { params: { modelId: model.id }, body: { archived: true } }, admin);
  const both = [
    ['Demo A', 0.3],
    ['Demo B', 1],
  ];
  expect(await provided()).toEqual(both);
  expect(await provided()).toEqual(both);
});
