import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Asked, type Ending, ModelFailure } from '../../server/models/provider.ts';
import type { ModelRow } from '../../server/models/queries.ts';
import { seal } from '../../server/models/sealed.ts';
import { createModels, type Models } from '../../server/models/writing.ts';
import { type ModelServer, rightKey, startModelServer } from '../support/model-server.ts';

const secret = 'a secret for tests only';
// No server is waited for as long as this, however slow the machine is; tests of waiting move the clock or shorten it.
const timing = { firstMs: 60_000, silenceMs: 60_000, retryMs: 20, checkMs: 5_000, replayWordsPerSecond: Infinity };

let server: ModelServer;
let models: Models;
beforeAll(async () => {
  server = await startModelServer({ slowMs: 150, betweenMs: 2 });
});
afterAll(() => server.close());
beforeEach(() => {
  models = createModels({ secret, hosts: null, timing });
});
afterEach(() => {
  vi.useRealTimers();
  models.close();
});

/** From now on timers wait for the test; those of the scripted server, which are Node's promises, do not. */
const holdTimers = (): unknown => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });

/** Each scenario is asked under a name of its own, so that tests share no counters. */
let names = 0;
function row(scenario: string, more: Partial<ModelRow> = {}): ModelRow {
  names += 1;
  return {
    id: `model-${names}`,
    name: scenario,
    provider: 'openai',
    baseUrl: server.url,
    model: `${scenario}:${names}`,
    apiKey: null,
    parameters: {},
    concurrency: 8,
    price: null,
    check: null,
    archived: false,
    createdAt: new Date(),
    ...more,
  };
}

const question: Asked = {
  messages: [
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Name a river.' },
  ],
  role: 'assistant',
  parameters: { temperature: 1, stop: ['###'] },
  seed: 7,
};

interface Written {
  text: string;
  pieces: number;
  ending: Ending | null;
  failure: ModelFailure | null;
  told: (string | null)[];
}

async function written(
  model: ModelRow,
  asked: Asked = question,
  signal = AbortSignal.timeout(20_000),
  onWait: (detail: string | null) => void = () => {},
): Promise<Written> {
  const found: Written = { text: '', pieces: 0, ending: null, failure: null, told: [] };
  const writing = models.write(model, asked, signal, (detail) => {
    found.told.push(detail);
    onWait(detail);
  });
  try {
    for (;;) {
      const { done, value } = await writing.next();
      if (done) return { ...found, ending: value };
      found.pieces += 1;
      found.text += value;
    }
  } catch (error) {
    if (!(error instanceof ModelFailure)) throw error;
    return { ...found, failure: error };
  }
}

describe('a server that answers', () => {
  test('steady: in pieces, with its figures; the same seed gives the same text', async () => {
    const model = row('steady');
    const one = await written(model);
    expect(one).toMatchObject({
      failure: null,
      ending: { finishReason: 'stop', usage: { input: 5, output: 25 } },
      told: [],
    });
    expect(one.pieces).toBe(25);
    expect((await written(model)).text).toBe(one.text);
    expect((await written(model, { ...question, seed: 8 })).text).not.toBe(one.text);
    expect(server.last(model.model)?.body).toMatchObject({
      messages: question.messages,
      temperature: 1,
      stop: ['###'],
      seed: 8,
      stream: true,
    });
    expect(server.last(model.model)?.authorization).toBeNull();
  });

  test('slow first token', async () => {
    expect(await written(row('slow-first-token'))).toMatchObject({ failure: null, pieces: 25 });
  });

  test('32 kB', async () => {
    expect((await written(row('long'))).text).toHaveLength(32 * 1024);
  });

  test('characters of several bytes over chunks, and pairs over pieces', async () => {
    const { text, failure } = await written(row('split-bytes'));
    expect(failure).toBeNull();
    expect(text).toContain('Grüße, 你好世界, привет, مرحبا, ελληνικά, 👩‍👩‍👧 und 😀 – fünf Zeichen à drei Bytes: €€€€€.');
  });

  test('without end: cut at the length of the longest message, and hung up on', async () => {
    const model = row('endless');
    const { text, ending } = await written(model);
    expect(text).toHaveLength(200_000);
    expect(ending).toMatchObject({ finishReason: 'length' });
    await expect.poll(() => server.open(model.model)).toBe(0);
  });

  test('to a limit of tokens', async () => {
    const { ending, pieces } = await written(row('steady'), { ...question, parameters: { maxTokens: 3 } });
    expect(ending).toMatchObject({ finishReason: 'length' });
    expect(pieces).toBe(3);
  });

  test('a stop sequence ends the text even where the server knows none', async () => {
    const model = row('no-stop');
    const [, second = ''] = (await written(model)).text.split(' ');
    const { text, ending } = await written(model, { ...question, parameters: { stop: [second] } });
    expect(text).not.toContain(second);
    expect(ending).toMatchObject({ finishReason: 'stop' });
  });

  test('the turn of the user is asked for with a task of its own', async () => {
    const model = row('steady');
    await written(model, { ...question, role: 'user' });
    const messages = server.last(model.model)?.body.messages ?? [];
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user']);
    expect(messages[1]?.content).toContain('Person: Name a river.');
  });
});

describe('a server that lacks', () => {
  test.each([
    ['no-seed', 2],
    ['no-stop', 2],
    ['no-usage', 2],
    ['no-system', 2],
    ['no-n', 1],
    ['plain', 5],
  ])('%s is asked without it, and from then on at once', async (scenario, requests) => {
    const model = row(scenario);
    expect(await written(model)).toMatchObject({ failure: null, told: [] });
    expect(server.requests(model.model)).toBe(requests);
    expect(await written(model)).toMatchObject({ failure: null });
    expect(server.requests(model.model)).toBe(requests + 1);
  });
});

describe('a server that fails', () => {
  test.each([
    ['cut', 'cut', /broke before the answer was whole/],
    ['ends-early', 'cut', /broke off/],
    ['malformed', 'broken', /malformed piece/],
  ])('%s: after the first piece it is told, and not tried again', async (scenario, kind, words) => {
    const model = row(scenario);
    const { failure, pieces } = await written(model);
    expect(failure).toMatchObject({ kind, passing: true });
    expect(failure?.message).toMatch(words);
    expect(pieces).toBe(3);
    expect(server.requests(model.model)).toBe(1);
    await expect.poll(() => server.open(model.model)).toBe(0);
  });

  test('stall: a silence after the first piece is told once it is too long, and not tried again', async () => {
    holdTimers();
    const model = row('stall');
    const writing = models.write(model, question, new AbortController().signal);
    for (let piece = 0; piece < 3; piece += 1) expect((await writing.next()).done).toBe(false);
    const over = writing.next().then(
      () => null,
      (error: unknown) => error,
    );
    await vi.advanceTimersByTimeAsync(timing.silenceMs - 1);
    expect(server.open(model.model)).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    const failure = await over;
    expect(failure).toMatchObject({ name: 'ModelFailure', kind: 'cut', passing: true });
    expect(String(failure)).toMatch(/stood still for 60 s/);
    expect(server.requests(model.model)).toBe(1);
    vi.useRealTimers();
    await expect.poll(() => server.open(model.model)).toBe(0);
  });

  test.each([
    ['wrong-key', 'key', /does not accept the key/],
    ['unknown-model', 'model', /knows no such model/],
    ['invalid-model', 'model', /knows no such model/],
    ['too-long', 'refused', /too long for this model/],
    ['html', 'unreachable', /web page.*\/v1/],
    ['redirect', 'unreachable', /elsewhere/],
  ])('%s: where trying again cannot help it is told at once', async (scenario, kind, words) => {
    const model = row(scenario);
    const { failure, pieces } = await written(model);
    expect(failure).toMatchObject({ kind, passing: false });
    expect(failure?.message).toMatch(words);
    expect(failure?.message).not.toContain(model.model);
    expect(pieces).toBe(0);
    expect(server.requests(model.model)).toBe(1);
  });

  test('an answer without a word is told at once: with the same seed it would be the same', async () => {
    const model = row('empty');
    const { failure, told } = await written(model);
    expect(failure).toMatchObject({ kind: 'empty', passing: true });
    expect(server.requests(model.model)).toBe(1);
    expect(told).toEqual([]);
  });

  test('an error of the server: before the first piece it is tried five times again', async () => {
    const model = row('broken');
    const { failure, told } = await written(model);
    expect(failure).toMatchObject({ kind: 'broken', passing: true });
    expect(failure?.message).toMatch(/error of its own/);
    expect(server.requests(model.model)).toBe(6);
    expect(told).toHaveLength(10);
    expect(told[0]).toMatch(/Trying again in a second/);
    expect(told.at(-1)).toBeNull();
  });

  test('500 once, then fine', async () => {
    const model = row('error-then-fine');
    const { failure, told, pieces } = await written(model);
    expect({ failure, pieces }).toEqual({ failure: null, pieces: 25 });
    expect(told).toEqual([expect.stringMatching(/error of its own/), null]);
  });

  test('no first word in time', async () => {
    models = createModels({ secret, hosts: null, timing: { ...timing, firstMs: 100 } });
    server.pace.firstMs = 700;
    const { failure } = await written(row('steady'), question);
    server.pace.firstMs = 0;
    expect(failure).toMatchObject({ kind: 'cut', message: 'The model server did not begin to answer within 0.1 s.' });
  });

  test('nothing answers, the path is wrong, the protocol is', async () => {
    const nobody = await written(row('steady', { baseUrl: 'http://127.0.0.1:9/v1' }));
    expect(nobody.failure).toMatchObject({ kind: 'unreachable', passing: true });
    expect(nobody.failure?.message).toMatch(/Nothing answers/);
    const path = await written(row('steady', { baseUrl: server.url.replace('/v1', '') }));
    expect(path.failure).toMatchObject({ kind: 'unreachable', passing: false });
    expect(path.failure?.message).toMatch(/nothing at this path.*\/v1/);
    const tls = await written(row('steady', { baseUrl: server.url.replace('http:', 'https:') }));
    expect(tls.failure?.message).toMatch(/does not speak TLS/);
    const metadata = await written(row('steady', { baseUrl: 'http://169.254.169.254/v1' }));
    expect(metadata.failure).toMatchObject({ kind: 'unreachable', passing: false });
  });

  test('a host that MODEL_HOSTS no longer allows', async () => {
    models = createModels({ secret, hosts: ['llm.example.org'], timing });
    const model = row('steady');
    expect((await written(model)).failure?.message).toMatch(/MODEL_HOSTS/);
    expect(server.requests(model.model)).toBe(0);
  });
});

describe('the key', () => {
  test('is opened and sent, and nothing where there is none', async () => {
    const model = row('keyed', { model: 'keyed' });
    expect(await written({ ...model, apiKey: seal(secret, model.id, rightKey) })).toMatchObject({ failure: null });
    expect(server.last('keyed')?.authorization).toBe(`Bearer ${rightKey}`);
    const { failure } = await written(model);
    expect(failure?.kind).toBe('key');
    expect(server.last('keyed')?.authorization).toBeNull();
  });

  test('that another APP_SECRET sealed is a failure with clear words, and nothing is sent', async () => {
    const model = row('steady');
    const { failure } = await written({ ...model, apiKey: seal('another secret', model.id, rightKey) });
    expect(failure).toMatchObject({ kind: 'key', passing: false });
    expect(failure?.message).toMatch(/APP_SECRET/);
    expect(server.requests(model.model)).toBe(0);
  });

  test('is in no message', async () => {
    const model = row('wrong-key');
    const { failure } = await written({ ...model, apiKey: seal(secret, model.id, 'sk-t****key') });
    expect(failure?.said).toBe('Incorrect API key provided: ….');
    expect(failure?.inFull).not.toContain('sk-t');
  });
});

describe('places', () => {
  test('no more requests at once than the model allows, whoever asks', async () => {
    const model = row('steady', { concurrency: 3 });
    const all = await Promise.all(Array.from({ length: 12 }, (_, seed) => written(model, { ...question, seed })));
    expect(all.every(({ failure }) => failure === null)).toBe(true);
    expect(server.peak(model.model)).toBe(3);
    expect(all.filter(({ told }) => told[0]?.startsWith('Waiting for a free place'))).toHaveLength(9);
  });

  test('are shared among the processes, and come back when these are fewer', async () => {
    const model = row('steady', { concurrency: 4 });
    const four = (): Promise<Written[]> =>
      Promise.all(Array.from({ length: 4 }, (_, seed) => written(model, { ...question, seed })));
    models.shareAmong(2);
    await four();
    expect(server.peak(model.model)).toBe(2);
    models.shareAmong(1_000);
    await four();
    models.shareAmong(0);
    await four();
    expect(server.peak(model.model)).toBe(4);
  });

  test('a 429 has all requests of that model wait as long as its server asks, and those of others not', async () => {
    holdTimers();
    const model = row('rate-limited');
    const told: (string | null)[] = [];
    const asking = (): { waits: Promise<unknown>; whole: Promise<Written> } => {
      const waits = Promise.withResolvers<null>();
      const onWait = (detail: string | null): void => {
        told.push(detail);
        waits.resolve(null);
      };
      return { waits: waits.promise, whole: written(model, question, undefined, onWait) };
    };
    const first = asking();
    await first.waits;
    const second = asking();
    await second.waits;
    expect((await written(row('steady'))).told).toEqual([]);
    await vi.advanceTimersByTimeAsync(999);
    expect(told).toEqual(Array(2).fill('The model server asked us to wait for a second.'));
    expect(server.requests(model.model)).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    for (const { failure, told } of await Promise.all([first.whole, second.whole])) {
      expect(failure).toBeNull();
      expect(told).toContain('The model server asked us to wait for a second.');
      expect(told.at(-1)).toBeNull();
    }
    expect(server.requests(model.model)).toBe(3);
  });

  test('are not lost by those who stop, stop reading, or give up waiting', async () => {
    const model = row('stall', { concurrency: 1 });
    const stopping = new AbortController();
    const stopped = models.write(model, question, stopping.signal);
    await stopped.next();
    const waiting = written({ ...model, model: 'steady' });
    stopping.abort(new Error('stopped'));
    // Nobody reads the stopped one on; its place is free all the same.
    expect((await waiting).failure).toBeNull();
    await expect(
      stopped
        .next()
        .then(() => stopped.next())
        .then(() => stopped.next()),
    ).rejects.toThrow('stopped');

    const left = models.write(model, question, AbortSignal.timeout(10_000));
    await left.next();
    await left.return({ finishReason: '', usage: null });
    await expect.poll(() => server.open(model.model)).toBe(0);
    const giving = models.write(model, question, AbortSignal.timeout(10_000));
    await giving.next();
    await expect(written({ ...model, model: 'steady' }, question, AbortSignal.timeout(50))).rejects.toThrow(/timeout/);
    await giving.return({ finishReason: '', usage: null });
    expect((await written({ ...model, model: 'steady' })).failure).toBeNull();
  });

  test('stopping while one waits to try again ends at once', async () => {
    models = createModels({ secret, hosts: null, timing: { ...timing, retryMs: 60_000 } });
    const stopping = new AbortController();
    const waiting = written(row('broken'), question, stopping.signal);
    setTimeout(() => stopping.abort(new Error('stopped')), 100);
    await expect(waiting).rejects.toThrow('stopped');
  });
});

describe('moderation', () => {
  const judging = (model: string, more: Partial<ModelRow> = {}): ModelRow =>
    row('', { provider: 'moderations', model, ...more });
  const never = new AbortController().signal;

  test('flags our categories, those below one of them with it', async () => {
    const model = judging('moderation');
    expect(await models.judge(model, 'A friendly sentence.', never)).toEqual([]);
    expect(await models.judge(model, '[hate/threatening] [violence/graphic] [illicit]', never)).toEqual([
      ...['hate', 'illicit', 'violence'],
    ]);
    expect(await models.judge(model, '[sexual/minors]', never)).toEqual(['sexual/minors']);
  });

  test('fails as writing does', async () => {
    for (const [model, kind] of [
      ['wrong-key', 'key'],
      ['unknown-model', 'model'],
      ['html', 'unreachable'],
      ['broken', 'broken'],
    ] as const)
      await expect(models.judge(judging(model), 'text', never)).rejects.toMatchObject({ name: 'ModelFailure', kind });
    expect(await models.judge(judging('error-then-fine'), '[hate]', never)).toEqual(['hate']);
  });

  test('a model that judges does not write', async () => {
    expect((await written(judging('moderation'))).failure).toMatchObject({ kind: 'refused' });
  });
});

test('the demo needs no server', async () => {
  const model = row('', { provider: 'replay', baseUrl: null, model: 'replay' });
  const one = await written(model);
  expect(one).toMatchObject({ failure: null, ending: { finishReason: 'stop', usage: null } });
  expect((await written(model)).text).toBe(one.text);
});
