import type { Facts } from '../examples.ts';

/** Counts rows by source and by trainer, so that no more of either are taken than may be; those that come first stay. */
export class Caps {
  readonly #perSource: number | null;
  readonly #perTrainer: number | null;
  readonly #ofSource = new Map<string, number>();
  readonly #ofTrainer = new Map<string, number>();

  constructor({ perSource, perTrainer }: { perSource: number | null; perTrainer: number | null }) {
    this.#perSource = perSource;
    this.#perTrainer = perTrainer;
  }

  /**
   * Takes a row, which counts for its source and for each trainer whose work is in it; or says why not, and counts nothing. Null
   * where it was taken. What names no source is from none.
   */
  take({ source, trainers }: Pick<Facts, 'source' | 'trainers'>): string | null {
    if (source !== null && isFull(this.#ofSource, source, this.#perSource)) return 'are beyond the cap of their source';
    if (trainers.some((id) => isFull(this.#ofTrainer, id, this.#perTrainer)))
      return 'are beyond the cap of one of their trainers';
    if (source !== null && this.#perSource !== null) count(this.#ofSource, source);
    if (this.#perTrainer !== null) for (const id of new Set(trainers)) count(this.#ofTrainer, id);
    return null;
  }
}

function isFull(counts: ReadonlyMap<string, number>, key: string, most: number | null): boolean {
  return most !== null && (counts.get(key) ?? 0) >= most;
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
