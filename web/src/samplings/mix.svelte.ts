import type { Mix } from '../../../shared/rounds.ts';

interface Part {
  readonly key: number;
  modelId: string;
  /** Null or undefined while its field is empty. */
  count: number | null | undefined;
}

/** How many completions come from which model, while it is being put together. */
export class MixOfModels {
  parts = $state<Part[]>([]);
  readonly sum = $derived(this.parts.reduce((sum, { count }) => sum + (count ?? 0), 0));
  #nextKey = 0;

  add(modelId: string, count: number): void {
    this.parts.push({ key: this.#nextKey++, modelId, count });
  }

  /** Adds a model within so many completions: where they are all given out, the one with the most gives one away. */
  share(modelId: string, wanted: number): void {
    const left = wanted - this.sum;
    const largest = this.parts.toSorted((a, b) => (b.count ?? 0) - (a.count ?? 0))[0];
    if (left < 1 && largest && (largest.count ?? 0) > 1) largest.count = (largest.count ?? 0) - 1;
    this.add(modelId, Math.max(1, left));
  }

  remove(key: number): void {
    this.parts = this.parts.filter((part) => part.key !== key);
  }

  /** As the API takes it; an empty number is asked for by its field before. */
  get body(): Mix {
    return this.parts.map(({ modelId, count }) => ({ modelId, count: count ?? 0 }));
  }
}
