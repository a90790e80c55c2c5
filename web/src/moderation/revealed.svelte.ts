/** Which of the texts that moderation hides a person has opened, each by itself; forgotten with what they stand in. */
export class Revealed<Key> {
  #open = $state.raw<ReadonlySet<Key>>(new Set());

  has(key: Key): boolean {
    return this.#open.has(key);
  }

  /** @returns whether it is open now */
  toggle(key: Key): boolean {
    const open = new Set(this.#open);
    if (!open.delete(key)) open.add(key);
    this.#open = open;
    return open.has(key);
  }
}
