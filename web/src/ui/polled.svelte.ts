import { Loaded } from './loaded.svelte.ts';

/** Something that a page fetches again by itself, while it changes and the page can be seen. */
export class Polled<T> {
  readonly loaded: Loaded<T>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** Fetches at once, and again `everyMs` after each answer of which `moves` says that another will differ. */
  constructor(fetch: () => Promise<T>, moves: (value: T) => boolean, everyMs: number) {
    this.loaded = new Loaded(async () => {
      clearTimeout(this.#timer);
      const value = await fetch();
      clearTimeout(this.#timer);
      if (moves(value) && !this.#closed) this.#timer = setTimeout(this.#seen, everyMs);
      return value;
    });
    document.addEventListener('visibilitychange', this.#seen);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#seen);
  }

  /** After a while, and when the page comes into sight again. */
  readonly #seen = (): void => {
    if (!document.hidden) void this.loaded.load();
  };
}
