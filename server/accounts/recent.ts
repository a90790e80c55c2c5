/** How long a validated key is believed without asking the database, in milliseconds. */
const believedFor = 5_000;
/** Keys that are kept; beyond it the oldest goes. */
const maxKept = 10_000;

/**
 * Who was behind a key a moment ago. With many trainers each sending many requests a second, it spares the database a
 * query for each. `now` is in milliseconds and never runs back (`performance.now()`).
 *
 * After `forget`, the person is not kept for as long as a key is believed: a request that read the old rights just before
 * they changed, or while the transaction that changes them is still open, cannot bring them back.
 */
export class Recent<Person extends { readonly id: string }> {
  readonly #kept = new Map<string, { person: Person; until: number }>();
  readonly #changed = new Map<string, number>();

  get(key: string, now: number): Person | null {
    const entry = this.#kept.get(key);
    return entry !== undefined && now < entry.until ? entry.person : null;
  }

  keep(key: string, person: Person, now: number): void {
    const changedUntil = this.#changed.get(person.id);
    if (changedUntil !== undefined && now < changedUntil) return;
    // Set anew at the end, so that the first key is always the oldest.
    this.#kept.delete(key);
    this.#kept.set(key, { person, until: now + believedFor });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= maxKept) break;
      this.#kept.delete(oldest);
    }
  }

  /** Drops all that is kept of a person. */
  forget(userId: string, now: number): void {
    for (const [key, { person }] of this.#kept) if (person.id === userId) this.#kept.delete(key);
    this.#changed.delete(userId);
    this.#changed.set(userId, now + believedFor);
    for (const [oldest, until] of this.#changed) {
      if (now < until) break;
      this.#changed.delete(oldest);
    }
  }
}
