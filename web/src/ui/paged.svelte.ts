interface Page<T> {
  items: T[];
  /** Where the next page begins; null at the end. */
  next: string | null;
}

/** A list that a page fetches piece by piece, as far as it was read. */
export class Paged<T> {
  items = $state.raw<T[]>([]);
  loading = $state(false);
  failure = $state.raw<unknown>(null);
  /** Where to go on; null at the end, undefined before the first piece. */
  next = $state.raw<string | null | undefined>(undefined);
  readonly #fetch: (before: string | undefined) => Promise<Page<T>>;
  #latest = 0;

  /** Fetches the first piece at once. */
  constructor(fetch: (before: string | undefined) => Promise<Page<T>>) {
    this.#fetch = fetch;
    void this.restart();
  }

  /** Fetches on, or again what could not be fetched. */
  more = async (): Promise<void> => {
    if (!this.loading && this.next !== null) await this.#load();
  };

  /** Fetches from the beginning, as where something else is wanted; what is there stays until the answer has come. */
  restart = async (): Promise<void> => {
    this.next = undefined;
    await this.#load();
  };

  async #load(): Promise<void> {
    const mine = ++this.#latest;
    const before = this.next ?? undefined;
    this.loading = true;
    this.failure = null;
    try {
      const { items, next } = await this.#fetch(before);
      if (mine !== this.#latest) return;
      this.items = before === undefined ? items : [...this.items, ...items];
      this.next = next;
    } catch (error) {
      if (mine === this.#latest) this.failure = error;
    } finally {
      if (mine === this.#latest) this.loading = false;
    }
  }
}
