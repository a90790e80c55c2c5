/** Something that a page fetches: its value once there, what went wrong where it failed, and a way to fetch it again. */
export class Loaded<T> {
  value = $state.raw<T | null>(null);
  failure = $state.raw<unknown>(null);
  /** True once an answer has come, whichever. */
  settled = $state(false);
  readonly #fetch: () => Promise<T>;
  #latest = 0;

  /** Fetches at once. */
  constructor(fetch: () => Promise<T>) {
    this.#fetch = fetch;
    void this.load();
  }

  /** Fetches (again); what is there stays until the new value has come. The latest call wins. */
  load = async (): Promise<void> => {
    const mine = ++this.#latest;
    this.failure = null;
    try {
      const value = await this.#fetch();
      if (mine === this.#latest) this.value = value;
    } catch (error) {
      if (mine === this.#latest) this.failure = error;
    }
    this.settled = true;
  };
}
