import { afterAll, beforeAll, expect, it } from 'vitest';
import { v7 as newId } from 'uuid';
import type { LiveMessage } from '../../shared/live.ts';
import { models as modelTable } from '../../server/db/tables.ts';
import { createModels } from '../../server/models/writing.ts';
import type { ModelRow } from '../../server/models/queries.ts';
import type { Follower } from '../../server/streams/followers.ts';
import { type Inspection, Streams, type StreamsOptions } from '../../server/streams/streams.ts';
import { freshDatabase, type TestDatabase } from '../support/database.ts';
import { type ModelServer, startModelServer } from '../support/model-server.ts';

/* What befalls a stream in the process that writes it, while the database or another process gets in between. */

let database: TestDatabase;
let server: ModelServer;
let model: ModelRow;
const open: Streams[] = [];
const models = createModels({ secret: 'a secret for tests only', hosts: null, timing: { retryMs: 20 } });
const trainerId = newId();

beforeAll(async () => {
  database = await freshDatabase();
  server = await startModelServer({ betweenMs: 20, words: 40 });
  const row = { id: newId(), name: 'Steady', provider: 'openai' as const, baseUrl: server.url, model: 'steady' };
  [model] = (await database.db
    .insert(modelTable)
    .values({ ...row, parameters: {}, concurrency: 8 })
    .returning()) as [ModelRow];
});
afterAll(async () => {
  for (const streams of open) await streams.close();
  models.close();
  await server.close();
  await database.drop();
});

const passing: Inspection = { stops: () => false, ended: () => Promise.resolve(false) };

async function started(options: Partial<StreamsOptions> = {}): Promise<Streams> {
  const heard = { onChange: () => {}, onLiving: () => {}, onError: () => {} };
  const rest = { database, models, inspect: () => Promise.resolve(passing), clock: () => new Date() };
  const streams = new Streams({ ...rest, ...heard, ...options });
  open.push(streams);
  await streams.start();
  return streams;
}

async function begun(streams: Streams): Promise<string> {
  const asked = { model, trainerId, role: 'assistant' as const, prompt: [{ role: 'user' as const, content: 'Hello' }] };
  const [stream] = await streams.begin([
    { ...asked, purpose: 'side', projectId: newId(), roundId: null, parameters: {}, seed: 1 },
  ]);
  return stream?.id ?? '';
}

/** A page that reads everything. */
class Page implements Follower {
  text = '';
  state = '';
  ready(): boolean {
    return true;
  }
  send(message: LiveMessage): void {
    if (message.type === 'piece') this.text = this.text.slice(0, message.at) + message.text;
    if (message.type !== 'stream') return;
    this.state = message.state;
    if (message.state === 'stopped') this.text = this.text.slice(0, message.length);
  }
}

it('ends although the database was away when it began', async () => {
  let asked = 0;
  const streams = await started({
    inspect: () => ((asked += 1) === 1 ? Promise.reject(new Error('the database is away')) : Promise.resolve(passing)),
  });
  const id = await begun(streams);
  await expect
    .poll(async () => (await streams.readOne(trainerId, id)).state, { timeout: 15_000, interval: 50 })
    .toBe('done');
  expect(asked).toBe(2);
});

it('tells those who follow it when it was ended by another process', async () => {
  const streams = await started();
  const id = await begun(streams);
  const page = new Page();
  await streams.follow(trainerId, id, 0, page);
  await expect.poll(() => page.text.split(' ').length, { timeout: 5_000 }).toBeGreaterThan(4);
  await database.db.execute(
    `update generations set state = 'stopped', text = 'Other', owner = null where id = '${id}'`,
  );
  await expect.poll(() => page.state, { timeout: 10_000 }).toBe('stopped');
  expect(page.text).toBe('Other');
});

it('is followed on where another process took it over and writes it anew', async () => {
  const streams = await started();
  const id = await begun(streams);
  const page = new Page();
  await streams.follow(trainerId, id, 0, page);
  await expect.poll(() => page.text.split(' ').length, { timeout: 5_000 }).toBeGreaterThan(4);
  const another = newId();
  await database.db.execute(`insert into processes (id, alive_at) values ('${another}', now() + interval '1 minute')`);
  await database.db.execute(`update generations set owner = '${another}', text = 'Other' where id = '${id}'`);
  // Until this one is through with it, and finds that it is no longer its own.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const whole = `Other ${'words '.repeat(100)}`;
  await database.db.execute(
    `update generations set state = 'done', text = '${whole}', owner = null where id = '${id}'`,
  );
  await expect.poll(() => page.state, { timeout: 10_000 }).toBe('done');
  expect(page.text).toBe(whole);
});

it('holds nobody up who does not read, and sends what piled up as one piece', async () => {
  const streams = await started();
  const id = await begun(streams);
  const reader = new Page();
  await streams.follow(trainerId, id, 0, reader);
  const pieces: string[] = [];
  let reads = false;
  const sleeper: Follower = {
    ready: () => reads,
    send: (message) => message.type === 'piece' && pieces.push(message.text),
  };
  await streams.follow(trainerId, id, 0, sleeper);
  const before = pieces.length;
  await expect.poll(() => reader.text.split(' ').length, { timeout: 5_000 }).toBeGreaterThan(10);
  expect(pieces).toHaveLength(before);
  reads = true;
  await expect.poll(() => pieces.length, { timeout: 5_000 }).toBeGreaterThan(before);
  // All that came meanwhile, at once.
  expect(pieces[before]?.split(' ').length).toBeGreaterThan(8);
  await expect.poll(() => reader.state, { timeout: 5_000 }).toBe('done');
  await expect.poll(() => pieces.join('')).toBe(reader.text);
});
