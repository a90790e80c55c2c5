import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook as Verifier } from 'standardwebhooks';
import { eq } from 'drizzle-orm';
import { v7 as newId } from 'uuid';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { transaction } from '../../server/db/database.ts';
import { releases } from '../../server/db/tables.ts';
import { insertRelease } from '../../server/releases/queries/releases.ts';
import { post } from '../../server/webhooks/delivery.ts';
import { selectWebhook } from '../../server/webhooks/queries.ts';
import { announce, pauseAfter } from '../../server/webhooks/webhooks.ts';
import { readAudit } from '../../shared/accounts.ts';
import type { Project } from '../../shared/projects.ts';
import { releaseDefinition } from '../../shared/releases.ts';
import { createWebhook, deleteWebhook, listWebhooks, testWebhook, type Webhook } from '../../shared/webhooks.ts';
import { type Caller, startApp, type TestApp } from '../support/app.ts';
import { projectWith } from '../support/work.ts';

let t: TestApp;
let admin: Caller;
let receiver: Receiver;

beforeAll(async () => {
  t = await startApp();
  admin = await t.person('admin');
});
afterAll(() => t.close());
// Each test has its own: what one sends may still be on its way in the next.
beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(() => receiver.close());

interface Got {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}
interface Receiver {
  url: string;
  /** Statuses of the next answers; 200 once there are none. Null answers never. */
  answers: (number | null)[];
  got: Got[];
  close(): void;
}

async function startReceiver(): Promise<Receiver> {
  const server: Server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      started.got.push({ path: request.url ?? '', headers: request.headers, body });
      const status = started.answers.shift();
      if (status === null) return;
      response.writeHead(status ?? 200, status === 302 ? { location: '/elsewhere' } : {});
      response.end('x'.repeat(1_000_000));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const started: Receiver = {
    ...{ url: `http://127.0.0.1:${port}/hook`, answers: [], got: [] },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return started;
}

const of = ({ id }: Project) => ({ params: { projectId: id } });
const to = ({ id }: Webhook) => ({ params: { webhookId: id } });

async function made(project: Project, url = receiver.url): Promise<{ webhook: Webhook; secret: string }> {
  return t.call(createWebhook, { ...of(project), body: { url } }, admin);
}

async function listed(project: Project): Promise<Webhook | undefined> {
  return (await t.call(listWebhooks, of(project), admin)).webhooks[0];
}

/** A release that has ended, as building it would leave it. */
async function ended(
  { id: projectId, name: project, rubric }: Project,
  state: 'ready' | 'failed' = 'ready',
): Promise<string> {
  const id = newId();
  const definition = releaseDefinition.parse({ kind: 'comparisons', format: 'trl' });
  const made = { id, projectId, name: 'Third “release”', notes: 'kept back', definition, destination: 'disk' as const };
  const basis = { project, rubric, names: null, publicUrl: 'http://localhost:3000', raw: null };
  await insertRelease(t.context.db, { ...made, basis, createdBy: admin.id, moment: '2026-11-20T10:00:00Z' });
  await t.context.db
    .update(releases)
    .set({ state, rows: 12, bytes: 3_456, endedAt: new Date('2026-11-20T10:05:00Z'), detail: detailOf[state] })
    .where(eq(releases.id, id));
  return id;
}
const detailOf = { ready: null, failed: 'the disk is full' };

const told = (releaseId: string, type: 'release.ready' | 'release.failed' = 'release.ready'): Promise<void> =>
  transaction(t.context.db, (tx) => announce(t.context, tx, releaseId, type));

const arrived = (count: number): Promise<void> =>
  expect.poll(() => receiver.got, { timeout: 15_000 }).toHaveLength(count);
/** What its project's only address was last told. */
const lastStatus = (project: Project) =>
  expect.poll(async () => (await listed(project))?.lastStatus, { timeout: 10_000 });

describe('addresses', () => {
  test('are listed, and their secrets shown once and stored sealed', async () => {
    const project = await projectWith(t, admin, []);
    expect(await t.call(listWebhooks, of(project), admin)).toEqual({ webhooks: [] });
    const { webhook, secret } = await made(project, `${receiver.url}?key=hidden`);
    expect(webhook).toMatchObject({ projectId: project.id, url: `${receiver.url}?key=hidden`, lastAt: null });
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    expect(await listed(project)).toEqual(webhook);
    expect(JSON.stringify(await t.call(listWebhooks, of(project), admin))).not.toContain('whsec_');
    const row = await selectWebhook(t.context.db, webhook.id);
    expect(row?.secret).toMatch(/^v1\./);

    await t.call(deleteWebhook, to(webhook), admin);
    expect(await listed(project)).toBeUndefined();
    await t.refused('not_found', deleteWebhook, to(webhook), admin);
    await t.refused('not_found', testWebhook, to(webhook), admin);
    const { body } = await t.send(readAudit, { query: {} }, admin);
    for (const action of ['webhook.create', 'webhook.delete']) expect(body).toContain(action);
    for (const hidden of ['whsec_', 'key=hidden']) expect(body).not.toContain(hidden);
  });

  test.each([
    ['http://169.254.169.254/latest/meta-data', /metadata/],
    ['http://[::ffff:169.254.169.254]/', /metadata/],
    ['http://metadata.google.internal/?a=1', /metadata/],
    ['http://me:word@example.org/', /user name/],
    ['ftp://example.org/', /http or https/],
    ['nowhere', /http or https/],
  ])('%s is refused', async (url, words) => {
    const project = await projectWith(t, admin, []);
    const { errors } = await t.refused('invalid', createWebhook, { ...of(project), body: { url } }, admin);
    expect(errors?.[0]).toMatchObject({ path: 'url', message: expect.stringMatching(words) as unknown });
  });

  test('a name that stands for a metadata address is refused on connecting', async () => {
    const outcome = await post('http://innocent.example.org/', {}, '{}', {
      resolve: (_host, _options, done) => done(null, [{ address: '169.254.169.254', family: 4 }]),
    });
    expect(outcome).toMatchObject({ ok: false, words: expect.stringContaining('metadata') as unknown });
  });

  test('are for admins', async () => {
    const project = await projectWith(t, admin, []);
    const { webhook } = await made(project);
    for (const role of ['trainer', 'reviewer'] as const) {
      const person = await t.person(role);
      await t.refused('forbidden', listWebhooks, of(project), person);
      await t.refused('forbidden', createWebhook, { ...of(project), body: { url: receiver.url } }, person);
      await t.refused('forbidden', testWebhook, to(webhook), person);
      await t.refused('forbidden', deleteWebhook, to(webhook), person);
    }
    await t.refused('not_signed_in', listWebhooks, of(project));
    const nowhere = { params: { projectId: webhook.id } };
    await t.refused('not_found', listWebhooks, nowhere, admin);
    await t.refused('not_found', createWebhook, { ...nowhere, body: { url: receiver.url } }, admin);
  });
});

describe('a test', () => {
  test('is sent at once and verifies', async () => {
    const project = await projectWith(t, admin, []);
    const { webhook, secret } = await made(project, `${receiver.url}?key=1`);
    const tested = await t.call(testWebhook, to(webhook), admin);
    expect(tested.webhook.lastStatus).toBe('Test: answered 200');
    expect(tested.webhook.lastAt).not.toBeNull();
    const [got] = receiver.got;
    expect(got?.path).toBe('/hook?key=1');
    expect(got?.headers['content-type']).toBe('application/json');
    const event = new Verifier(secret).verify(got?.body ?? '', { ...got?.headers } as Record<string, string>);
    expect(event).toMatchObject({ type: 'webhook.test', data: { projectId: project.id } });
    const other = new Verifier(`whsec_${Buffer.alloc(32).toString('base64')}`);
    expect(() => other.verify(got?.body ?? '', { ...got?.headers } as Record<string, string>)).toThrow(/signature/);
  });

  test.each([
    [500, 'Test: answered 500'],
    [302, 'Test: answered 302, a redirect, which is not followed'],
    [410, 'Test: answered 410: it wants no more of this'],
  ])('that is answered with %d says so, and is not sent again', async (status, words) => {
    const project = await projectWith(t, admin, []);
    const { webhook } = await made(project);
    receiver.answers = [status];
    expect((await t.call(testWebhook, to(webhook), admin)).webhook.lastStatus).toBe(words);
    expect(receiver.got.map(({ path }) => path)).toEqual(['/hook']);
  });

  test('says that nobody listens, and that no answer comes', async () => {
    const project = await projectWith(t, admin, []);
    const deaf = await made(project, 'http://127.0.0.1:9/hook');
    expect((await t.call(testWebhook, to(deaf.webhook), admin)).webhook.lastStatus).toBe(
      'Test: has nothing that listens',
    );
    receiver.answers = [null];
    const silent = await post(receiver.url, {}, '{}', { withinMs: 300 });
    expect(silent).toMatchObject({ ok: false, words: 'gave no answer within 0.3 seconds' });
  });
});

describe('a release that ends', () => {
  test('is told to every address of its project, in the same words', async () => {
    const project = await projectWith(t, admin, []);
    const other = await projectWith(t, admin, []);
    const first = await made(project, `${receiver.url}/1`);
    const second = await made(project, `${receiver.url}/2`);
    await made(other, `${receiver.url}/other`);
    const release = await ended(project);
    await told(release);
    await arrived(2);
    const [one, two] = receiver.got.toSorted((a, b) => a.path.localeCompare(b.path));
    expect([one?.path, two?.path]).toEqual(['/hook/1', '/hook/2']);
    expect(two?.body).toBe(one?.body);
    expect(two?.headers['webhook-id']).toBe(one?.headers['webhook-id']);
    new Verifier(second.secret).verify(two?.body ?? '', { ...two?.headers } as Record<string, string>);
    expect(new Verifier(first.secret).verify(one?.body ?? '', { ...one?.headers } as Record<string, string>)).toEqual({
      type: 'release.ready',
      timestamp: '2026-11-20T10:05:00.000Z',
      data: {
        release: {
          ...{ id: release, projectId: project.id, number: 1, name: 'Third “release”', state: 'ready', detail: null },
          ...{ moment: '2026-11-20T10:00:00.000Z', endedAt: '2026-11-20T10:05:00.000Z', kind: 'comparisons' },
          ...{ format: 'trl', rows: 12, bytes: 3_456, path: `/api/releases/${release}` },
        },
      },
    });
    await lastStatus(project).toBe('release.ready: answered 200');
  });

  test('is told again, signed anew, after a failure', async () => {
    const project = await projectWith(t, admin, []);
    const { secret } = await made(project);
    receiver.answers = [500];
    await told(await ended(project, 'failed'), 'release.failed');
    await arrived(1);
    await lastStatus(project).toMatch(/^release.failed: answered 500; tried again in [56] seconds$/);
    await arrived(2);
    const [one, two] = receiver.got;
    expect(two?.body).toBe(one?.body);
    expect(two?.headers['webhook-id']).toBe(one?.headers['webhook-id']);
    expect(Number(two?.headers['webhook-timestamp'])).toBeGreaterThan(Number(one?.headers['webhook-timestamp']));
    const event = new Verifier(secret).verify(two?.body ?? '', { ...two?.headers } as Record<string, string>);
    expect(event).toMatchObject({ data: { release: { state: 'failed', detail: 'the disk is full' } } });
    await lastStatus(project).toBe('release.failed: answered 200');
  }, 30_000);

  test('is told no more to an address that answers Gone', async () => {
    const project = await projectWith(t, admin, []);
    await made(project);
    receiver.answers = [410];
    await told(await ended(project));
    await lastStatus(project).toBe('release.ready: answered 410: it wants no more of this; given up');
  });

  test('is not told where the transaction that ends it fails', async () => {
    const project = await projectWith(t, admin, []);
    const { webhook } = await made(project);
    const release = await ended(project);
    const failing = transaction(t.context.db, async (tx) => {
      await announce(t.context, tx, release, 'release.ready');
      throw new Error('on second thoughts');
    });
    await expect(failing).rejects.toThrow('on second thoughts');
    // What comes after it would come behind it.
    await told(await ended(project));
    await arrived(1);
    expect(receiver.got[0]?.body).not.toContain(release);
    await t.call(deleteWebhook, to(webhook), admin);
  });
});

test('the pauses grow over about a day, and give in to what a receiver asks for', () => {
  const failed = { passing: true, retryAfterMs: null };
  const pauses = Array.from({ length: 8 }, (_, index) => pauseAfter(index + 1, failed, () => 0));
  expect(pauses).toEqual([5, 300, 1_800, 7_200, 18_000, 36_000, 28_800, null]);
  expect(pauseAfter(1, failed, () => 0.999)).toBe(6);
  expect(pauseAfter(1, { passing: true, retryAfterMs: 60_000 }, () => 0)).toBe(60);
  expect(pauseAfter(1, { passing: true, retryAfterMs: 1e12 }, () => 0)).toBe(86_400);
  expect(pauseAfter(1, { passing: false, retryAfterMs: null }, () => 0)).toBeNull();
});
