import { mulberry32 } from '../seeded.ts';

/**
 * An order of `count` completions: their indexes, shuffled by a seed (Fisher-Yates). Each trainer sees them in the order of
 * their assignment's seed: the same seed gives the same order for ever, so a ranking can be read again.
 */
export function shownOrder(count: number, seed: number): number[] {
  const next = mulberry32(seed);
  const order = Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last -= 1) {
    const other = Math.floor(next() * (last + 1));
    const chosen = order[other] ?? other;
    order[other] = order[last] ?? last;
    order[last] = chosen;
  }
  return order;
}
