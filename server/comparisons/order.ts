/**
 * The order in which one trainer sees `count` completions: indexes of the completions, shuffled by the assignment's seed.
 * Fisher-Yates, with Mulberry32 (Tommy Ettinger, public domain) as the source of numbers: the same seed gives the same
 * order for ever, so a ranking can be read again.
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

/** Numbers from 0 up to, not including, 1. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
