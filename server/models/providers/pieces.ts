/** Longer answers are cut, in UTF-16 code units: no message is longer. */
export const maxAnswerCharacters = 200_000;

/**
 * Makes of the pieces that a server sends those that are handed on:
 *
 * - NUL characters, which PostgreSQL cannot store, are taken out; halves of surrogate pairs become U+FFFD, unless the other
 *   half comes with the next piece
 * - leading white space is held back until a word follows, so that an answer without a word has no piece at all
 * - a stop sequence ends the text, for servers that do not look for it themselves; what may be the beginning of one is held back
 * - a text that goes on for ever is cut
 */
export class Pieces {
  readonly #stops: readonly string[];
  #held = '';
  #length = 0;
  #ended: 'stop' | 'length' | null = null;

  constructor(stops: readonly string[] = []) {
    this.#stops = stops;
  }

  /** Why the text is over although the server sends on; null while it is not. */
  get ended(): 'stop' | 'length' | null {
    return this.#ended;
  }

  /** What is to be handed on after this piece came; may be empty. */
  add(piece: string): string {
    if (this.#ended) return '';
    this.#held += piece.replaceAll('\0', '');
    const stop = this.#firstStop();
    if (stop !== null) {
      this.#ended = 'stop';
      return this.#hand(stop);
    }
    return this.#hand(this.#held.length - this.#unsure());
  }

  /** What is left when the server has ended. */
  rest(): string {
    return this.#ended ? '' : this.#hand(this.#held.length);
  }

  #hand(upTo: number): string {
    const ready = this.#held.slice(0, upTo);
    if (this.#length === 0 && ready.trim() === '') {
      if (this.#held.length >= maxAnswerCharacters) this.#ended = 'length';
      return '';
    }
    this.#held = this.#held.slice(upTo);
    const room = maxAnswerCharacters - this.#length;
    if (ready.length >= room) this.#ended = 'length';
    // A pair of which only the first half has room is left out whole.
    const cut = ready.length > room && isHighSurrogate(ready, room - 1) ? room - 1 : room;
    const handed = ready.slice(0, cut).toWellFormed();
    this.#length += handed.length;
    return handed;
  }

  #firstStop(): number | null {
    const found = this.#stops.map((stop) => this.#held.indexOf(stop)).filter((at) => at >= 0);
    return found.length > 0 ? Math.min(...found) : null;
  }

  /** How much of the end may yet become something else: half a pair, or the beginning of a stop sequence. */
  #unsure(): number {
    const half = isHighSurrogate(this.#held, this.#held.length - 1) ? 1 : 0;
    return Math.max(half, ...this.#stops.map((stop) => overlap(this.#held, stop)));
  }
}

function isHighSurrogate(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800;
}

/** The length of the longest end of `text` that `stop` begins with. */
function overlap(text: string, stop: string): number {
  for (let length = Math.min(text.length, stop.length - 1); length > 0; length -= 1)
    if (text.endsWith(stop.slice(0, length))) return length;
  return 0;
}
