import { ModelFailure } from './provider.ts';

/** Whoever would have to wait longer than this for a server that asks us to wait is told so instead, in milliseconds. */
const longestWait = 60_000;
/** A server that asks for more is asked again after so long, in milliseconds: it may have its clock or its units wrong. */
const longestClosed = 10 * 60_000;

interface Waiting {
  enter: () => void;
  refuse: (reason: Error) => void;
  onWait: (detail: string | null) => void;
  background: boolean;
}

/**
 * The places of one model: who comes first is let in first, but background work after all for whom a person waits. While its server has asked us to wait, nobody is let in.
 * Times are those of `performance.now()`, in milliseconds: a clock that is set does not matter.
 */
export class Gate {
  readonly #waiting: Waiting[] = [];
  #places: number;
  #taken = 0;
  #closedUntil = 0;
  #opening: NodeJS.Timeout | undefined;

  constructor(places: number) {
    this.#places = places;
  }

  get taken(): number {
    return this.#taken;
  }

  /** More places let those in who wait; where there are fewer, nobody is thrown out. */
  resize(places: number): void {
    this.#places = places;
    this.#letIn();
  }

  /** Lets nobody in for so long. */
  close(ms: number): void {
    this.#closedUntil = Math.max(this.#closedUntil, performance.now() + Math.min(ms, longestClosed));
    if (ms > longestWait) for (const { refuse } of this.#waiting.splice(0)) refuse(this.#tooLong());
    for (const { onWait } of this.#waiting) onWait(this.#why());
  }

  /**
   * Waits for a place; the answer gives it back, once. `onWait` hears why one waits, and null when one is let in. Throws the
   * signal's reason, or `ModelFailure` where the wait would be too long. When the signal is aborted the place is given back,
   * whatever whoever has it does.
   */
  async enter(
    signal: AbortSignal,
    onWait: (detail: string | null) => void,
    { background = false }: { background?: boolean | undefined } = {},
  ): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#closedFor() > longestWait) throw this.#tooLong();
    if (this.#closedFor() > 0 || this.#taken >= this.#places) await this.#turn(signal, onWait, background);
    else this.#taken += 1;
    let given = false;
    const giveBack = (): void => {
      if (given) return;
      given = true;
      signal.removeEventListener('abort', giveBack);
      this.#taken -= 1;
      this.#letIn();
    };
    signal.addEventListener('abort', giveBack, { once: true });
    // Between being let in and coming here it may have been aborted, of which one is told only once.
    if (signal.aborted) giveBack();
    signal.throwIfAborted();
    return giveBack;
  }

  #turn(signal: AbortSignal, onWait: (detail: string | null) => void, background: boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason as Error);
      };
      const waiting: Waiting = {
        onWait,
        background,
        enter: () => {
          signal.removeEventListener('abort', leave);
          onWait(null);
          resolve();
        },
        refuse: (reason) => {
          signal.removeEventListener('abort', leave);
          onWait(null);
          reject(reason);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      const behind = background ? -1 : this.#waiting.findIndex((one) => one.background);
      this.#waiting.splice(behind === -1 ? this.#waiting.length : behind, 0, waiting);
      onWait(this.#why());
      this.#letIn();
    });
  }

  #letIn(): void {
    clearTimeout(this.#opening);
    const closedFor = this.#closedFor();
    if (closedFor > 0) {
      if (this.#waiting.length > 0) this.#opening = setTimeout(() => this.#letIn(), Math.ceil(closedFor)).unref();
      return;
    }
    while (this.#taken < this.#places) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#taken += 1;
      next.enter();
    }
  }

  #closedFor(): number {
    return this.#closedUntil - performance.now();
  }

  #why(): string {
    return this.#closedFor() > 0
      ? `The model server asked us to wait for ${inWords(this.#closedFor())}.`
      : 'Waiting for a free place at the model server.';
  }

  #tooLong(): ModelFailure {
    const retryAfterMs = this.#closedFor();
    return new ModelFailure(
      'rate',
      `The model server has too many requests, and takes no more for ${inWords(retryAfterMs)}.`,
      { retryAfterMs },
    );
  }
}

/** A span of time, rounded up. */
export function inWords(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1_000));
  if (seconds < 90) return seconds === 1 ? 'a second' : `${seconds} seconds`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 90 ? `${minutes} minutes` : `${Math.ceil(minutes / 60)} hours`;
}
