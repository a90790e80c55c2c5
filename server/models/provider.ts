import type { MessageRole } from '../../shared/conversations.ts';
import type { Parameters } from '../../shared/models.ts';

/** What a model is asked to write: the turn that follows these messages. */
export interface Asked {
  messages: readonly { role: MessageRole; content: string }[];
  /** Whose turn it is; models are made for the assistant's, so for the user's the provider has to ask in a way of its own. */
  role: 'user' | 'assistant';
  parameters: Parameters;
  /** From 0 to 2^31 - 1. The same seed is to give the same text where the server can do that. */
  seed: number;
  /** Nobody sits and waits for it: it is let in after what somebody waits for. */
  background?: boolean;
}

/** How a completion ended. */
export interface Ending {
  /** As the protocol says it: `stop`, `length`, `content_filter`... */
  finishReason: string;
  /** Tokens, where the server counts them. */
  usage: { input: number; output: number } | null;
}

/** A completion, piece by piece as it comes; pieces are never empty. Throws `ModelFailure`, or the signal's reason. */
export type Writing = AsyncGenerator<string, Ending>;

export type FailureKind =
  /** No connection, a wrong address, an address that is not allowed, or an answer that is not of the protocol (HTML, say). */
  | 'unreachable'
  /** The key is missing or wrong. */
  | 'key'
  /** The server knows no such model. */
  | 'model'
  /** The server refuses what was asked: too long, a parameter that it will not take. */
  | 'refused'
  /** Too many requests. */
  | 'rate'
  /** An error of the server, or a malformed piece. */
  | 'broken'
  /** The stream ended or stood still before the answer was whole. */
  | 'cut'
  /** An answer without a word. */
  | 'empty';

interface FailureOptions {
  retryAfterMs?: number | null;
  said?: string | null;
  /** Where the kind alone would say otherwise. */
  passing?: boolean;
  cause?: unknown;
}

/**
 * A model server failed. The message says how, in words for the person who waits: nothing secret is in it, and neither the
 * model's name nor its address.
 */
export class ModelFailure extends Error {
  override readonly name = 'ModelFailure';
  readonly kind: FailureKind;
  /** How long the server asks us to wait, in milliseconds. */
  readonly retryAfterMs: number | null;
  /** The server's own words, shortened and without the key. They may name the model: only for admins. */
  readonly said: string | null;
  /** Whether trying again may help. */
  readonly passing: boolean;

  constructor(kind: FailureKind, message: string, options: FailureOptions = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.said = options.said ?? null;
    this.passing = options.passing ?? (kind !== 'key' && kind !== 'model' && kind !== 'refused');
  }

  /** The message with what the server said, for admins. */
  get inFull(): string {
    return this.said === null ? this.message : `${this.message} It said: “${this.said}”`;
  }
}

/** What a provider has to know of a model. */
export interface Source {
  baseUrl: string;
  /** The id under which its server knows it. */
  model: string;
  apiKey: string | null;
}
