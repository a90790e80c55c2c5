import type { LiveMessage } from '../../shared/live.ts';

/** Somebody who follows a stream. */
export interface Follower {
  /** False while what was sent before is not yet read; what is new then waits. */
  ready(): boolean;
  send(message: LiveMessage): void;
}

/** What a follower has, and is to get next. */
interface Following {
  readonly follower: Follower;
  /** Length of the text that it has, in UTF-16 code units. */
  has: number;
  /**
   * So much of that is known to be the text. Where it is less than what it has, a text is being written anew after a crash;
   * nothing is then sent until it is longer than what the page shows, so that nobody sees it shrink.
   */
  sure: number;
}

/**
 * New text is sent on this often, in milliseconds; the first piece at once. With very many streams it is sent less often, so
 * that sending takes no more than one part in so many of the time, and the rest is left for reading what the models write.
 */
const sendEvery = 40;
const sendingShare = 10;

interface Followed {
  start: (text: string, final: boolean) => void;
  leave: () => void;
}

export interface FollowersOptions {
  /** A stream's text as far as it is known in this process. */
  textOf: (id: string) => string | null;
  /** New text was sent to those who follow here; whoever wants it elsewhere gets it now. */
  onSent: (id: string) => void;
  /** Nobody follows it here any more. */
  onLeft: (id: string) => void;
}

/** Those who follow streams in this process: who has how much of which text, and when more is sent. */
export class Followers {
  readonly #options: FollowersOptions;
  readonly #followings = new Map<string, Set<Following>>();
  readonly #toSend = new Set<string>();
  #sending: NodeJS.Timeout | null = null;
  #sendAfter = sendEvery;

  constructor(options: FollowersOptions) {
    this.#options = options;
  }

  has(id: string): boolean {
    return this.#followings.has(id);
  }

  /** Adds one that has the first `from` characters; `start` sends it the rest of the text there is. */
  add(id: string, from: number, follower: Follower): Followed {
    const following: Following = { follower, has: from, sure: from };
    const all = this.#followings.get(id) ?? new Set();
    this.#followings.set(id, all.add(following));
    return {
      start: (text, final) => {
        following.sure = Math.min(from, text.length);
        sendText(id, following, text, final);
      },
      leave: () => {
        all.delete(following);
        if (all.size > 0 || this.#followings.get(id) !== all) return;
        this.#followings.delete(id);
        this.#options.onLeft(id);
      },
    };
  }

  tell(id: string, message: LiveMessage): void {
    for (const { follower } of this.#followings.get(id) ?? []) follower.send(message);
  }

  /** The text grew, or was replaced from `stays` on. It is sent soon, also where only others want it (`wantedElsewhere`). */
  grown(id: string, text: string, stays: number, wantedElsewhere: boolean): void {
    this.#rewind(id, stays);
    // The first words are waited for; what follows is put together.
    if (stays === 0) this.#flush(id, text, false);
    else if (wantedElsewhere || this.has(id)) this.#toSend.add(id);
    if (this.#toSend.size > 0) this.#sending ??= setTimeout(() => this.#sendAll(), this.#sendAfter);
  }

  /** The text is this, and was what it is up to `stays`. It is sent at once; where it is `final`, to the busy too. */
  replaced(id: string, text: string, stays: number, final: boolean): void {
    this.#rewind(id, stays);
    this.#flush(id, text, final);
  }

  close(): void {
    if (this.#sending !== null) clearTimeout(this.#sending);
  }

  #sendAll(): void {
    this.#sending = null;
    const began = performance.now();
    const ids = [...this.#toSend];
    this.#toSend.clear();
    for (const id of ids) {
      const text = this.#options.textOf(id);
      if (text !== null) this.#flush(id, text, false);
      this.#options.onSent(id);
    }
    this.#sendAfter = Math.max(sendEvery, sendingShare * (performance.now() - began));
  }

  /** What is had of a text holds only up to `stays`. */
  #rewind(id: string, stays: number): void {
    for (const following of this.#followings.get(id) ?? []) following.sure = Math.min(following.sure, stays);
  }

  #flush(id: string, text: string, final: boolean): void {
    for (const following of this.#followings.get(id) ?? []) {
      if (final || following.follower.ready()) sendText(id, following, text, final);
      else this.#toSend.add(id);
    }
  }
}

function sendText(id: string, following: Following, text: string, final: boolean): void {
  const { follower, has, sure } = following;
  if (has === sure ? text.length <= sure : text.length <= has && !final) return;
  follower.send({ type: 'piece', streamId: id, at: sure, text: text.slice(sure) });
  following.has = following.sure = text.length;
}
