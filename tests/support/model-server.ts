import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { mulberry32 } from '../../server/seeded.ts';

/**
 * What a model of this server does, by the id that it is asked with. An id may go on after a colon (`steady:b`): the same
 * scenario with counters, texts and a fault of its own. Any other id is a 404.
 */
export const scenarios = [
  /** Words at the pace; another seed is another text, the same seed the same one. Takes everything that it may be asked. */
  'steady',
  /** One piece at once. */
  'instant',
  'slow-first-token',
  /** Three words, then nothing while the connection stays open. */
  'stall',
  /** Three words, then the connection breaks. */
  'cut',
  /** Three words, then the stream ends as if it were whole, without a finish reason. */
  'ends-early',
  /** 429 with `Retry-After: 1` once, then as `steady`. */
  'rate-limited',
  /** 500 once, then as `steady`. */
  'error-then-fine',
  /** 500 always. */
  'broken',
  /** Three words, then a piece that is no JSON. */
  'malformed',
  /** Ends well, without a word. */
  'empty',
  /** Never ends. */
  'endless',
  /** One text for all seeds. */
  'identical',
  /** One text for all seeds but for its letter case and punctuation. */
  'nearly-identical',
  /** 32 kB. */
  'long',
  /** Characters of several bytes and surrogate pairs, cut by TCP chunks and by pieces. */
  'split-bytes',
  /** A text that the moderation model flags as violence. */
  'harmful',
  /** A web page. */
  'html',
  /** 302 to another model of this server. */
  'redirect',
  /** 400 to a request that has `n` above 1, `seed`, `stop`, `stream_options` or a system message. */
  'no-n',
  'no-seed',
  'no-stop',
  'no-usage',
  'no-system',
  /** Takes no parameter that a server can do without. */
  'plain',
  /** Never answers a request that has `n` above 1. */
  'silent-n',
  /** 400: the context is too long. */
  'too-long',
  /** 404, as an id that is none of these. */
  'unknown-model',
  /** 400 for it, as some proxies answer. */
  'invalid-model',
  /** 401 always. */
  'wrong-key',
  /** 401 unless the key is `rightKey`. */
  'keyed',
] as const;
export type Scenario = (typeof scenarios)[number];

/** The key of the model `keyed`. */
export const rightKey = 'sk-the-right-key';

export interface Pace {
  /** Before the first piece, in milliseconds. */
  firstMs: number;
  /** Between two pieces, in milliseconds; 0 is as fast as they are taken. */
  betweenMs: number;
  /** How long `slow-first-token` waits, in milliseconds. */
  slowMs: number;
  /** Words of an ordinary answer. */
  words: number;
}

export interface ModelServer {
  /** The base URL, which ends in `/v1`. */
  readonly url: string;
  /** Changes with the next answer. */
  readonly pace: Pace;
  /** Requests to a model so far. */
  requests(model: string): number;
  /** Most requests to a model that were answered at the same time. */
  peak(model: string): number;
  /** Requests to a model that are being answered now. */
  open(model: string): number;
  /** Connections over which a model was asked. */
  connections(model: string): number;
  /** What a model was last asked, and with which `Authorization`. */
  last(model: string): { body: Body; authorization: string | null } | null;
  close(): Promise<void>;
}

const body = z.looseObject({
  model: z.string(),
  messages: z.array(z.object({ role: z.string(), content: z.string() })).default([]),
  stream: z.boolean().default(false),
  stream_options: z.object({ include_usage: z.boolean().optional() }).nullish(),
  n: z.number().int().min(1).default(1),
  seed: z.number().int().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  max_tokens: z.number().int().min(1).nullish(),
  logprobs: z.boolean().nullish(),
  /** Of the moderations protocol. */
  input: z.string().optional(),
});
type Body = z.infer<typeof body>;

/** A model server on a free port of this machine that acts out the scenarios; `/v1/moderations` flags `[category]` in a text. */
export async function startModelServer(pace: Partial<Pace> = {}): Promise<ModelServer> {
  const counts = new Map<string, { requests: number; open: number; peak: number; sockets: Set<unknown> }>();
  const last = new Map<string, { body: Body; authorization: string | null }>();
  const state: Pace = { firstMs: 0, betweenMs: 5, slowMs: 1_500, words: 24, ...pace };

  const server = createServer((request, response) => {
    request.socket.setNoDelay(true);
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, 400, String(error));
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').split('?')[0];
    if (request.method !== 'POST' || (path !== '/v1/chat/completions' && path !== '/v1/moderations')) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found');
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const asked = body.parse(JSON.parse(Buffer.concat(chunks).toString()));
    const { model } = asked;
    const authorization = request.headers.authorization ?? null;
    last.set(model, { body: asked, authorization });
    const count = counts.get(model) ?? { requests: 0, open: 0, peak: 0, sockets: new Set() };
    counts.set(model, count);
    count.requests += 1;
    count.sockets.add(request.socket);
    count.open += 1;
    count.peak = Math.max(count.peak, count.open);
    response.once('close', () => (count.open -= 1));
    const call: Call = { asked, response, pace: { ...state }, nth: count.requests, authorization };
    if (refused(call)) return;
    if (path === '/v1/moderations') moderate(call);
    else if (asked.stream) await stream(call);
    else whole(call);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    pace: state,
    requests: (model) => counts.get(model)?.requests ?? 0,
    peak: (model) => counts.get(model)?.peak ?? 0,
    open: (model) => counts.get(model)?.open ?? 0,
    connections: (model) => counts.get(model)?.sockets.size ?? 0,
    last: (model) => last.get(model) ?? null,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Call {
  asked: Body;
  response: ServerResponse;
  pace: Pace;
  /** From 1: the request's place among those to its model. */
  nth: number;
  authorization: string | null;
}

function scenarioOf(model: string): string {
  return model.split(':')[0] ?? model;
}

function refuse(response: ServerResponse, status: number, message: string, more: object = {}): true {
  response
    .writeHead(status, { 'content-type': 'application/json', ...(status === 429 && { 'retry-after': '1' }) })
    .end(JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code: null, ...more } }));
  return true;
}

/** Answers with the refusal of the scenario, if it has one for this request. */
function refused({ asked, response, nth, authorization }: Call): boolean {
  const name = scenarioOf(asked.model);
  const without = (parameter: string) =>
    refuse(response, 400, `Unrecognized request argument supplied: ${parameter}`, { param: parameter });
  const plain = name === 'plain';
  switch (name) {
    case 'wrong-key':
    case 'keyed':
      if (name === 'keyed' && authorization === `Bearer ${rightKey}`) return false;
      return refuse(response, 401, 'Incorrect API key provided: sk-t****key.', { code: 'invalid_api_key' });
    case 'rate-limited':
      return nth === 1 && refuse(response, 429, 'Rate limit reached', { code: 'rate_limit_exceeded' });
    case 'error-then-fine':
      return nth === 1 && refuse(response, 500, 'The server had an error', { type: 'server_error' });
    case 'broken':
      return refuse(response, 500, 'The server had an error', { type: 'server_error' });
    case 'too-long':
      return refuse(response, 400, "This model's maximum context length is 4096 tokens.", {
        code: 'context_length_exceeded',
        param: 'messages',
      });
    case 'invalid-model':
      return refuse(response, 400, `Invalid model name passed in model=${asked.model}.`, { code: '400' });
    case 'silent-n':
      return asked.n > 1;
    case 'html':
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>Welcome</title><p>Hello');
      return true;
    case 'redirect':
      response.writeHead(302, { location: 'http://127.0.0.1:9/v1/chat/completions' }).end();
      return true;
    case 'no-n':
    case 'no-seed':
    case 'no-stop':
    case 'no-usage':
    case 'no-system':
    case 'plain':
      if ((plain || name === 'no-n') && asked.n > 1) return without('n');
      if ((plain || name === 'no-seed') && asked.seed != null) return without('seed');
      if ((plain || name === 'no-stop') && asked.stop != null) return without('stop');
      if ((plain || name === 'no-usage') && asked.stream_options != null) return without('stream_options');
      if ((plain || name === 'no-system') && asked.messages.some(({ role }) => role === 'system'))
        return refuse(response, 400, 'System role not supported');
      return false;
    default:
      if ((scenarios as readonly string[]).includes(name) && name !== 'unknown-model') return false;
      // The moderations protocol has no scenarios beyond refusals, so it knows a model of its own.
      if (name === 'moderation') return false;
      return refuse(response, 404, `The model \`${asked.model}\` does not exist`, { code: 'model_not_found' });
  }
}

// ---- texts ----

const vocabulary =
  `river stone morning window letter garden winter copper lantern harbour thread signal bridge paper summer orchard
  mountain kettle drawing shadow basket feather island ladder mirror needle pocket quarry ribbon saddle timber valley
  walnut yellow anchor barley candle desert engine forest`.split(/\s+/);

const manyScripts = 'Grüße, 你好世界, привет, مرحبا, ελληνικά, 👩‍👩‍👧 und 😀 – fünf Zeichen à drei Bytes: €€€€€.';

/** The text of a choice, in the pieces that it is streamed in. */
function piecesOf({ asked, pace, nth }: Call, choice: number): string[] {
  const name = scenarioOf(asked.model);
  const ofModel = [...asked.model].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);
  const seed = (asked.seed ?? Math.floor(Math.random() * 2 ** 31)) + choice * 7_919;
  // Mixed, so that no other model with another seed says the same.
  const mixed = Math.imul(seed, 0x9e3779b1) ^ ofModel;
  const random = mulberry32(name === 'identical' || name === 'nearly-identical' ? ofModel : mixed);
  const words = (count: number) =>
    Array.from({ length: count }, (_, index) => {
      const word = vocabulary[Math.floor(random() * vocabulary.length)] ?? '';
      return index === 0 ? word.charAt(0).toUpperCase() + word.slice(1) : ` ${word}`;
    });
  if (name === 'empty') return [];
  // An emoji is two UTF-16 code units; a server that streams by tokens may cut between them.
  if (name === 'split-bytes') return [...words(pace.words), ' ', ...manyScripts.split('')];
  if (name === 'long')
    return (
      words(6_000)
        .join('')
        .slice(0, 32 * 1024 - 1)
        .concat('.')
        .match(/.{1,256}/gs) ?? []
    );
  if (name === 'nearly-identical') return [...words(pace.words), nth % 2 === 0 ? '.' : '  !'];
  if (name === 'harmful') return ['[violence]', ...words(pace.words)];
  if (name === 'instant') return [`${words(pace.words).join('')}.`];
  return [...words(pace.words), '.'];
}

function limited(call: Call, choice: number): { pieces: string[]; finishReason: string } {
  const pieces = piecesOf(call, choice);
  const most = call.asked.max_tokens ?? Infinity;
  return { pieces: pieces.slice(0, most), finishReason: pieces.length > most ? 'length' : 'stop' };
}

// ---- answers ----

const head = (model: string, object: string) => ({ id: 'chatcmpl-1', object, created: 1_700_000_000, model });
const logprobsOf = (asked: Body, token: string) =>
  asked.logprobs ? { logprobs: { content: [{ token, logprob: -0.5, bytes: null, top_logprobs: [] }] } } : {};

function usageOf(asked: Body, output: number): object {
  const input = asked.messages.reduce((sum, { content }) => sum + content.split(/\s+/).length, 0);
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

function whole(call: Call): void {
  const { asked, response } = call;
  let output = 0;
  const choices = Array.from({ length: asked.n }, (_, index) => {
    const { pieces, finishReason } = limited(call, index);
    output += pieces.length;
    return {
      ...{ index, message: { role: 'assistant', content: pieces.join('') }, finish_reason: finishReason },
      ...logprobsOf(asked, pieces[0] ?? ''),
    };
  });
  const answer = { ...head(asked.model, 'chat.completion'), choices, usage: usageOf(asked, output) };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}

async function stream(call: Call): Promise<void> {
  const { asked, response, pace } = call;
  const name = scenarioOf(asked.model);
  const beginning = JSON.stringify(head(asked.model, 'chat.completion.chunk')).slice(0, -1);
  const chunk = (rest: object): string => `data: ${beginning},${JSON.stringify(rest).slice(1)}\n\n`;
  const piece = (index: number, text: string): string =>
    chunk({ choices: [{ index, delta: { content: text }, finish_reason: null, ...logprobsOf(asked, text) }] });
  const send = async (text: string): Promise<void> => {
    if (response.destroyed) return;
    if (!response.write(text)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
  };
  const sendBytes = async (text: string): Promise<void> => {
    const bytes = Buffer.from(text);
    // 37 is prime to the length of a character, so that in time every one is cut at every place.
    for (let at = 0; at < bytes.length && !response.destroyed; at += 37) {
      response.write(bytes.subarray(at, at + 37));
      await sleep(0);
    }
  };

  const first = name === 'slow-first-token' ? pace.slowMs : pace.firstMs;
  if (first > 0) await sleep(first);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  const roles = Array.from({ length: asked.n }, (_, index) => ({
    ...{ index, delta: { role: 'assistant', content: '' }, finish_reason: null },
  }));
  const opening = chunk({ choices: roles });
  if (name === 'endless') {
    await send(opening);
    for (let at = 0; !response.destroyed; at += 1) {
      await send(piece(0, `${'and so on '.repeat(20)}${at}. `));
      if (at % 16 === 0) await sleep(0);
    }
    return;
  }

  const breaks = name === 'stall' || name === 'cut' || name === 'ends-early' || name === 'malformed';
  const answers = Array.from({ length: asked.n }, (_, index) => limited(call, index));
  const longest = Math.max(...answers.map(({ pieces }) => pieces.length));
  const steps = Array.from({ length: breaks ? 3 : longest }, (_, step) =>
    answers.map(({ pieces }, index) => (pieces[step] === undefined ? '' : piece(index, pieces[step]))).join(''),
  );
  await send(opening);
  for (const [index, step] of steps.entries()) {
    const wait = name === 'instant' || name === 'long' ? 0 : pace.betweenMs;
    if (index > 0 && wait > 0) await sleep(wait);
    if (response.destroyed) return;
    await (name === 'split-bytes' ? sendBytes(step) : send(step));
  }
  if (name === 'stall') return;
  if (name === 'ends-early') return void response.end();
  if (name === 'malformed')
    return void response.end('data: {"choices": [{"delta": {"content": "hal\n\ndata: [DONE]\n\n');
  if (name === 'cut') {
    // What was written has to leave first.
    await sleep(20);
    response.destroy();
    return;
  }
  const endings = answers.map(({ finishReason }, index) => ({ index, delta: {}, finish_reason: finishReason }));
  const output = answers.reduce((sum, { pieces }) => sum + pieces.length, 0);
  const usage = asked.stream_options?.include_usage ? chunk({ choices: [], usage: usageOf(asked, output) }) : '';
  response.end(`${chunk({ choices: endings })}${usage}data: [DONE]\n\n`);
}

const judged = [
  ...['harassment', 'harassment/threatening', 'hate', 'hate/threatening', 'illicit', 'illicit/violent', 'self-harm'],
  ...['self-harm/intent', 'self-harm/instructions', 'sexual', 'sexual/minors', 'violence', 'violence/graphic'],
];

function moderate({ asked, response }: Call): void {
  const found = Object.fromEntries(
    judged.map((category) => [category, asked.input?.includes(`[${category}]`) ?? false]),
  );
  const scores = Object.fromEntries(judged.map((category) => [category, found[category] ? 0.97 : 0.01]));
  const result = { flagged: Object.values(found).includes(true), categories: found, category_scores: scores };
  response
    .writeHead(200, { 'content-type': 'application/json' })
    .end(JSON.stringify({ id: 'modr-1', model: asked.model, results: [result] }));
}
