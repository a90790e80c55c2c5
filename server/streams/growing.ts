/**
 * The text of a completion while it grows. It may be written a second time, after the process that wrote it died: asked
 * again with the same seed, a model server often says the same, and then what is there already is not sent again. Where the
 * second text departs from the first, it takes its place from there on.
 */
export class Growing {
  #text: string;
  /** What was written since this process began to write, if less than what was there before; null once it is all there is. */
  #again: string | null;

  constructor(before = '') {
    this.#text = before;
    this.#again = before === '' ? null : '';
  }

  get text(): string {
    return this.#text;
  }

  /** Adds a piece. Answers with the length up to which the text stays what it was. */
  add(piece: string): number {
    const before = this.#text;
    if (this.#again === null) {
      this.#text += piece;
      return before.length;
    }
    this.#again += piece;
    if (before.startsWith(this.#again)) return before.length;
    this.#text = this.#again;
    this.#again = null;
    return commonLength(before, this.#text);
  }

  /** Nothing more comes: what was there before and did not come again is dropped. Answers as `add` does. */
  end(): number {
    if (this.#again === null) return this.#text.length;
    this.#text = this.#again;
    this.#again = null;
    return this.#text.length;
  }
}

/** How many characters two texts have in common at their beginning. */
export function commonLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length += 1;
  return length;
}
