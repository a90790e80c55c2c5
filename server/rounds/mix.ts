import type { Mix } from '../../shared/rounds.ts';

/**
 * How many of `n` completions come from which model, in the proportions of the mix; models that get none are left out. Largest
 * remainders (Hamilton's method), in whole numbers; of equal remainders, the model that is named first.
 */
export function allocate(mix: Mix, n: number): { modelId: string; count: number }[] {
  const total = mix.reduce((sum, { count }) => sum + count, 0);
  const parts = mix.map(({ modelId, count }) => ({
    modelId,
    count: Math.floor((n * count) / total),
    remainder: (n * count) % total,
  }));
  const left = n - parts.reduce((sum, { count }) => sum + count, 0);
  // The sort is stable, so that equal remainders keep their order.
  const topped = new Set(parts.toSorted((a, b) => b.remainder - a.remainder).slice(0, left));
  return parts
    .map((part) => ({ modelId: part.modelId, count: part.count + (topped.has(part) ? 1 : 0) }))
    .filter(({ count }) => count > 0);
}
