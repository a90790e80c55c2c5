import { count } from '../ui/figures.ts';

/** Bins that double, as columns: every one between the first and the last that hold rows, named by where they end. */
export function lengthBins(lengths: readonly { below: number; rows: number }[]): { name: string; value: number }[] {
  const held = lengths.filter(({ rows }) => rows > 0);
  const [first, last] = [held[0], held.at(-1)];
  if (!first || !last) return [];
  const rows = new Map(held.map(({ below, rows }) => [below, rows]));
  const bins: { name: string; value: number }[] = [];
  for (let below = first.below; below <= last.below; below *= 2) {
    bins.push({ name: `<${short(below)}`, value: rows.get(below) ?? 0 });
  }
  return bins;
}

function short(value: number): string {
  return value < 1_024 ? count(value) : value < 1_048_576 ? `${value / 1_024}k` : `${value / 1_048_576}M`;
}
