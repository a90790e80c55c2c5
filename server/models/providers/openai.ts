import { APIError, type OpenAI } from 'openai';
import type { ChatCompletionCreateParamsNonStreaming } from 'openai/resources/chat/completions';
import { Stream } from 'openai/streaming';
import { z } from 'zod';
import type { Fetch } from '../connection.ts';
import { type Asked, type Ending, ModelFailure, type Source, type Writing } from '../provider.ts';
import { clientOf } from './client.ts';
import { failureOf, webPage } from './failure.ts';
import { Pieces } from './pieces.ts';
import { promptFor, withoutSystem } from './prompt.ts';

/** How long a model server may be silent, in milliseconds. */
export interface Patience {
  /** Until the first word. */
  firstMs: number;
  /** Between two words. */
  silenceMs: number;
}

/** After the end of an answer, its figures may take so long to come, in milliseconds. */
const figuresWithin = 2_000;

/** What a server may turn out to be without. `length` is the parameter `max_tokens`, which newer servers call otherwise. */
export type Lack = 'seed' | 'stop' | 'usage' | 'system' | 'length' | 'streaming';

/** Any server with the chat-completions protocol. What a server turns out to lack is remembered while the process runs. */
export interface ChatServers {
  write(source: Source, asked: Asked, signal: AbortSignal): Writing;
  /** Asks for whole answers, with parameters that `write` never needs. */
  answers(
    source: Source,
    asked: Asked,
    more: { n?: number; logprobs?: boolean },
    signal: AbortSignal,
  ): Promise<Answer[]>;
  lacks(source: Source): ReadonlySet<Lack>;
  /** Has the next request find out anew. */
  forget(source: Source): void;
}

const usage = z.object({ prompt_tokens: z.number(), completion_tokens: z.number() });
const chunk = z.object({
  choices: z
    .array(
      z.object({
        index: z.number().nullish(),
        delta: z.object({ content: z.string().nullish() }).nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: usage.nullish().catch(null),
});
const answer = z.object({
  message: z.object({ content: z.string().nullish() }),
  finish_reason: z.string().nullish(),
  logprobs: z
    .object({ content: z.array(z.unknown()).nullish() })
    .nullish()
    .catch(null),
});
type Answer = z.infer<typeof answer>;
const completion = z.object({ choices: z.array(answer).min(1), usage: usage.nullish().catch(null) });

type Request = ChatCompletionCreateParamsNonStreaming;

export function createChatServers({ fetch, patience }: { fetch: Fetch; patience: Patience }): ChatServers {
  const known = new Map<string, Set<Lack>>();
  const clients = new Map<string, { apiKey: string | null; client: OpenAI }>();

  function lacks({ baseUrl, model }: Source): Set<Lack> {
    const key = `${model} ${baseUrl}`;
    const found = known.get(key) ?? new Set();
    known.set(key, found);
    return found;
  }

  /** To make a client takes longer than to ask with one; a source whose key was changed gets another. */
  function kept(source: Source): OpenAI {
    const key = `${source.model} ${source.baseUrl}`;
    const known = clients.get(key);
    if (known?.apiKey === source.apiKey) return known.client;
    const client = clientOf(source, fetch);
    clients.set(key, { apiKey: source.apiKey, client });
    return client;
  }

  /** Asks, and asks again without what the server does not take. */
  async function send(
    source: Source,
    asked: Asked,
    more: Partial<Request> & { streamed: boolean },
    signal: AbortSignal,
  ): Promise<{ client: OpenAI; response: Response }> {
    const { streamed, ...rest } = more;
    const client = kept(source);
    const without = lacks(source);
    for (;;) {
      // While this request is under way, another to the same server may find out what it lacks.
      const sentWithout = new Set(without);
      const request = { ...requestFor(source, asked, sentWithout), ...rest };
      try {
        const response = await client.chat.completions
          .create(
            streamed
              ? { ...request, stream: true, ...(!without.has('usage') && { stream_options: { include_usage: true } }) }
              : request,
            { signal },
          )
          .asResponse();
        return { client, response };
      } catch (error) {
        const system = request.messages.some(({ role }) => role === 'system');
        const lack = lackOf(error, { ...request }, system, streamed);
        if (lack === null || sentWithout.has(lack)) throw error;
        without.add(lack);
      }
    }
  }

  async function* write(source: Source, asked: Asked, signal: AbortSignal): Writing {
    const watch = new Watch(signal, patience.firstMs, () => tooSlow(patience.firstMs));
    const pieces = new Pieces(asked.parameters.stop);
    let begun = false;
    let finishReason: string | null = null;
    let figures: Ending['usage'] = null;
    try {
      const { client, response } = await send(source, asked, { streamed: true }, watch.signal);
      for await (const part of partsOf(client, response, watch, lacks(source))) {
        if (part.usage) figures = { input: part.usage.prompt_tokens, output: part.usage.completion_tokens };
        const piece = finishReason === null && part.text !== '' ? pieces.add(part.text) : '';
        if (piece !== '') {
          if (!begun) watch.expect(patience.silenceMs, stoodStill);
          begun = true;
          yield piece;
        }
        if (pieces.ended) break;
        if (part.finishReason !== null) {
          finishReason = part.finishReason;
          watch.expect(figuresWithin, () => null);
        }
        watch.heard();
      }
      watch.throwIfOver();
      const rest = pieces.rest();
      if (rest !== '') {
        begun = true;
        yield rest;
      }
      // A text that was ended here leaves the server writing; the connection is closed on it.
      const reason = pieces.ended ?? finishReason;
      if (reason === null) throw new ModelFailure('cut', 'The model server broke off before the answer was whole.');
      if (!begun) throw wordless(reason);
      if (pieces.ended === null) watch.done = true;
      return { finishReason: reason, usage: figures };
    } catch (error) {
      watch.throwIfOver();
      throw inStream(error, begun, source.apiKey);
    } finally {
      watch.close();
    }
  }

  return {
    write,
    lacks,
    forget: (source) => lacks(source).clear(),
    async answers(source, asked, more, signal) {
      try {
        const { response } = await send(source, asked, { ...more, streamed: false }, signal);
        return completion.parse(await response.json()).choices;
      } catch (error) {
        signal.throwIfAborted();
        throw failureOf(error, source.apiKey);
      }
    },
  };
}

function requestFor({ model }: Source, asked: Asked, without: ReadonlySet<Lack>): Request {
  const { temperature, topP, maxTokens, presencePenalty, frequencyPenalty, stop } = asked.parameters;
  const messages = promptFor(asked);
  return {
    model,
    messages: (without.has('system') ? withoutSystem(messages) : messages).map(({ role, content }) => ({
      role,
      content,
    })),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(maxTokens !== undefined && { [without.has('length') ? 'max_completion_tokens' : 'max_tokens']: maxTokens }),
    ...(presencePenalty !== undefined && { presence_penalty: presencePenalty }),
    ...(frequencyPenalty !== undefined && { frequency_penalty: frequencyPenalty }),
    ...(stop !== undefined && stop.length > 0 && !without.has('stop') && { stop }),
    // Deprecated by the company that the protocol is from; all the other servers have it.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    ...(!without.has('seed') && { seed: asked.seed }),
  };
}

/** What a refusal says that the server does not take, of what it was sent and can do without; or null. */
function lackOf(
  error: unknown,
  request: Readonly<Record<string, unknown>>,
  system: boolean,
  streamed: boolean,
): Lack | null {
  if (!(error instanceof APIError)) return null;
  const status = error.status as number | undefined;
  const words = `${error.param ?? ''} ${error.message}`;
  // A template that knows no such role fails with a 500 in some servers.
  if (system && (status === 400 || status === 422 || status === 500) && /system|roles? must/i.test(words))
    return 'system';
  if (status !== 400 && status !== 422) return null;
  if (streamed && /stream_options|include_usage/.test(words)) return 'usage';
  if (request.seed !== undefined && /\bseed\b/i.test(words)) return 'seed';
  if (request.stop !== undefined && /\bstop\b/i.test(words)) return 'stop';
  if (request.max_tokens !== undefined && /max_completion_tokens/.test(words)) return 'length';
  return null;
}

interface Part {
  text: string;
  finishReason: string | null;
  usage: z.infer<typeof usage> | null | undefined;
}

/** The answer's parts as they come; a whole one where the server does not stream. */
async function* partsOf(client: OpenAI, response: Response, watch: Watch, without: Set<Lack>): AsyncGenerator<Part> {
  const type = response.headers.get('content-type') ?? '';
  if (type.includes('html')) throw webPage();
  if (type.includes('json')) {
    without.add('streaming');
    const { choices, usage } = completion.parse(await response.json());
    const text = choices[0]?.message.content ?? '';
    yield { text, finishReason: choices[0]?.finish_reason ?? 'stop', usage };
    return;
  }
  without.delete('streaming');
  let any = false;
  for await (const event of Stream.fromSSEResponse<unknown>(response, watch.controller, client)) {
    any = true;
    const { choices, usage } = chunk.parse(event);
    const choice = choices?.find(({ index }) => (index ?? 0) === 0);
    yield { text: choice?.delta?.content ?? '', finishReason: choice?.finish_reason ?? null, usage };
  }
  if (!any && !type.includes('event-stream')) throw notOfTheProtocol();
}

/** A failure of an answer that had begun to come, which is not one of connecting. */
function inStream(error: unknown, begun: boolean, apiKey: string | null): ModelFailure {
  if (error instanceof z.ZodError || error instanceof SyntaxError)
    return begun
      ? new ModelFailure('broken', 'The model server sent a malformed piece.', { cause: error })
      : notOfTheProtocol(error);
  const failure = failureOf(error, apiKey);
  return begun && failure.kind === 'unreachable'
    ? new ModelFailure('cut', 'The connection to the model server broke before the answer was whole.', { cause: error })
    : failure;
}

function notOfTheProtocol(cause?: unknown): ModelFailure {
  const words = 'The model server answered with something that is not of the chat-completions protocol.';
  return new ModelFailure('unreachable', words, { cause, passing: false });
}

function wordless(finishReason: string): ModelFailure {
  if (finishReason === 'content_filter')
    return new ModelFailure('empty', 'The model server’s content filter withheld the answer.');
  if (finishReason === 'length')
    return new ModelFailure(
      'empty',
      'The model came to the limit of its tokens before it wrote a word: is it too low?',
    );
  return new ModelFailure('empty', 'The model answered without a word.');
}

const seconds = (ms: number): string => `${Math.round(ms / 100) / 10} s`;
const tooSlow = (ms: number): ModelFailure =>
  new ModelFailure('cut', `The model server did not begin to answer within ${seconds(ms)}.`);
const stoodStill = (ms: number): ModelFailure =>
  new ModelFailure('cut', `The model server stood still for ${seconds(ms)} in the middle of the answer.`);

/** Ends a request whose caller has had enough, or whose server was silent for too long. */
class Watch {
  readonly controller = new AbortController();
  /** Whether the answer came to its end, so that the connection may be kept. */
  done = false;
  readonly #outer: AbortSignal;
  readonly #give = (): void => this.controller.abort(this.#outer.reason);
  #timer: NodeJS.Timeout;
  #failure: ModelFailure | null = null;

  constructor(outer: AbortSignal, ms: number, failure: (ms: number) => ModelFailure | null) {
    outer.throwIfAborted();
    this.#outer = outer;
    outer.addEventListener('abort', this.#give, { once: true });
    this.#timer = this.#start(ms, failure);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** From now on, so long a silence is this failure; null where it does no harm. */
  expect(ms: number, failure: (ms: number) => ModelFailure | null): void {
    clearTimeout(this.#timer);
    this.#timer = this.#start(ms, failure);
  }

  heard(): void {
    this.#timer.refresh();
  }

  /** The client ends its iteration in silence when it is aborted. */
  throwIfOver(): void {
    this.#outer.throwIfAborted();
    if (this.#failure) throw this.#failure;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#give);
    if (!this.done) this.controller.abort();
  }

  #start(ms: number, failure: (ms: number) => ModelFailure | null): NodeJS.Timeout {
    return setTimeout(() => {
      this.#failure = failure(ms);
      this.controller.abort();
    }, ms);
  }
}
