import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelCheck } from '../../shared/models.ts';
import type { ModerationCategory } from '../../shared/moderation-terms.ts';
import type { Hosts } from './address.ts';
import { checkModel } from './check.ts';
import { createFetch } from './connection.ts';
import { Gate, inWords } from './gate.ts';
import { type Asked, ModelFailure, type Source, type Writing } from './provider.ts';
import { judge } from './providers/moderations.ts';
import { createChatServers } from './providers/openai.ts';
import { createReplay } from './providers/replay.ts';
import type { ModelRow } from './queries.ts';
import { unseal } from './sealed.ts';

/** Asking models: the one door to their servers, with each model's places, its rate limit and its retries behind it. */
export interface Models {
  /**
   * Has a model write. Waits for a free place and for the time that its server asked us to wait, and tries again, with
   * growing pauses, where it fails before its first piece; `onWait` hears why one waits, in words, and null once it is over.
   * After the first piece a failure is thrown. Throws `ModelFailure`, or the signal's reason.
   */
  write(model: ModelRow, asked: Asked, signal: AbortSignal, onWait?: (detail: string | null) => void): Writing;
  /** What a model of the provider `moderations` says of a text. Throws `ModelFailure`. */
  judge(model: ModelRow, text: string, signal: AbortSignal): Promise<ModerationCategory[]>;
  /** Asks a model's server what it can do; takes no place. Never throws for what the server does. */
  check(model: ModelRow, at: Date): Promise<ModelCheck>;
  /** Where model servers may be; null means anywhere but at refused addresses. */
  readonly hosts: Hosts;
  /** So many server processes live: each has its part of every model's places, at least one. */
  shareAmong(processes: number): void;
  /** Closes the connections that are kept for the next request. */
  readonly close: () => void;
}

/** All in milliseconds but the last. */
export interface Timing {
  /** Until the first word of an answer. */
  firstMs: number;
  /** Between two pieces of an answer. */
  silenceMs: number;
  /** The first pause before trying again; it doubles each time. */
  retryMs: number;
  checkMs: number;
  /** Pace of the demo's model; `Infinity` gives its answer at once. */
  replayWordsPerSecond: number;
}

const usualTiming: Timing = {
  firstMs: 60_000,
  silenceMs: 30_000,
  retryMs: 500,
  checkMs: 20_000,
  replayWordsPerSecond: 30,
};

const retries = 5;
/** No pause is longer, in milliseconds. */
const longestPause = 30_000;

export interface ModelsOptions {
  /** Opens the sealed keys. */
  secret: string;
  hosts: Hosts;
  timing?: Partial<Timing>;
  /** From 0 up to, not including, 1; spreads the retries. */
  random?: () => number;
}

export function createModels({ secret, hosts, timing: given, random = Math.random }: ModelsOptions): Models {
  const timing = { ...usualTiming, ...given };
  const { fetch, close } = createFetch(hosts);
  const chat = createChatServers({ fetch, patience: timing });
  const replay = createReplay({ wordsPerSecond: timing.replayWordsPerSecond });
  const gates = new Map<string, { gate: Gate; concurrency: number }>();
  let processes = 1;

  const placesOf = (concurrency: number): number => Math.max(1, Math.floor(concurrency / processes));

  function gateOf({ id, concurrency }: ModelRow): Gate {
    const known = gates.get(id);
    if (known?.concurrency === concurrency) return known.gate;
    const gate = known?.gate ?? new Gate(placesOf(concurrency));
    gate.resize(placesOf(concurrency));
    gates.set(id, { gate, concurrency });
    return gate;
  }

  function sourceOf({ id, baseUrl, model, apiKey: sealed }: ModelRow): Source {
    if (baseUrl === null) throw new ModelFailure('unreachable', 'The model has no address.', { passing: false });
    const apiKey = sealed === null ? null : unseal(secret, id, sealed);
    if (sealed !== null && apiKey === null)
      throw new ModelFailure(
        'key',
        'The key cannot be opened, since APP_SECRET is another one than when it was saved.',
      );
    return { baseUrl, model, apiKey };
  }

  function begin(model: ModelRow, asked: Asked, signal: AbortSignal): Writing {
    if (model.provider === 'moderations')
      throw new ModelFailure('refused', 'This is a model that judges texts and writes none.');
    return model.provider === 'replay' ? replay.write(asked, signal) : chat.write(sourceOf(model), asked, signal);
  }

  /** Until the next try; a server that asks us to wait has all of this model's requests wait. Throws what cannot wait. */
  async function pause(
    gate: Gate,
    attempt: number,
    error: unknown,
    signal: AbortSignal,
    onWait: OnWait,
  ): Promise<void> {
    if (!(error instanceof ModelFailure) || !error.passing || attempt === retries || signal.aborted) throw error;
    // The same seed would be answered the same: whoever asks again does it with another.
    if (error.kind === 'empty') throw error;
    const growing = Math.min(longestPause, timing.retryMs * 2 ** attempt) * (0.5 + random() / 2);
    const ms = error.retryAfterMs === null ? growing : Math.max(error.retryAfterMs, timing.retryMs);
    if (error.kind === 'rate' || error.retryAfterMs !== null) {
      gate.close(ms);
      return;
    }
    onWait(`${error.message} Trying again in ${inWords(ms)}.`);
    await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
    onWait(null);
  }

  return {
    hosts,
    close,
    shareAmong(count) {
      processes = Math.max(1, count);
      for (const { gate, concurrency } of gates.values()) gate.resize(placesOf(concurrency));
    },
    check: (model, at) => checkModel(model, at, { chat, sourceOf, fetch, withinMs: timing.checkMs, hosts }),
    async *write(model, asked, signal, onWait = () => {}) {
      const gate = gateOf(model);
      for (let attempt = 0; ; attempt += 1) {
        const leave = await gate.enter(signal, onWait, asked);
        let begun = false;
        let writing: Writing | null = null;
        try {
          writing = begin(model, asked, signal);
          for (;;) {
            const { done, value } = await writing.next();
            if (done) return value;
            begun = true;
            yield value;
          }
        } catch (error) {
          if (begun) throw error;
          leave();
          await pause(gate, attempt, error, signal, onWait);
        } finally {
          leave();
          // Where nobody reads on, the server need not write on.
          await writing?.return({ finishReason: '', usage: null });
        }
      }
    },
    async judge(model, text, signal) {
      const gate = gateOf(model);
      for (let attempt = 0; ; attempt += 1) {
        const leave = await gate.enter(signal, () => {});
        try {
          return await judge(sourceOf(model), text, signal, { fetch, withinMs: timing.silenceMs });
        } catch (error) {
          leave();
          await pause(gate, attempt, error, signal, () => {});
        } finally {
          leave();
        }
      }
    },
  };
}

type OnWait = (detail: string | null) => void;
