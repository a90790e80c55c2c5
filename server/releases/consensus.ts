import { type Groups, ranks } from '../../shared/ranking.ts';

/*
 * One ranking out of several of the same comparison. Completions are numbers from 0 to k - 1. A ranking may leave some out:
 * it then says nothing of them. All results are the same whatever the order of the rankings.
 */

/** More rankings place `better` above `worse` than the other way round; those that tie the two count for neither. */
export interface Majority {
  readonly better: number;
  readonly worse: number;
  /** Rankings that place `better` above `worse`. */
  readonly for: number;
  readonly against: number;
}

/** What the majority says of each two completions. Two that as many rankings place one way as the other make none. */
export function majorityPairs(rankings: readonly Groups<number>[], k: number): Majority[] {
  return votes(rankings, k).flatMap(({ a, b, forA, forB }): Majority[] => {
    if (forA === forB) return [];
    return forA > forB
      ? [{ better: a, worse: b, for: forA, against: forB }]
      : [{ better: b, worse: a, for: forB, against: forA }];
  });
}

/**
 * The consensus by ranked pairs (Tideman 1987, "Independence of clones as a criterion for voting rules", Social Choice and
 * Welfare 4), as groups, the best first. Majorities are locked from the strongest down, each unless it closes a circle with those
 * before: strength is the number of rankings for it, then the fewer against it, and of equals that one goes first whose
 * better completion, and then whose worse one, comes first by `tieBreak`.
 *
 * Ties: a completion stands in the group right behind the last of those that are locked above it, so that two which no chain of
 * locked majorities separates share a group, unless one is pushed further down by a third. What every ranking places above
 * another thus stays above it; one ranking alone gives itself; who beats each other one is alone in the first group.
 * A completion that no ranking has is left out.
 */
export function rankedPairs(
  rankings: readonly Groups<number>[],
  k: number,
  tieBreak: (completion: number) => string,
): number[][] {
  const majorities = majorityPairs(rankings, k).sort(
    (a, b) =>
      b.for - a.for ||
      a.against - b.against ||
      inOrder(tieBreak(a.better), tieBreak(b.better)) ||
      inOrder(tieBreak(a.worse), tieBreak(b.worse)),
  );
  /** By completion, all that some chain of locked majorities places below it. */
  const below = Array.from({ length: k }, () => new Set<number>());
  const isBelow = (worse: number, better: number): boolean => below[better]?.has(worse) ?? false;
  for (const { better, worse } of majorities) {
    if (isBelow(better, worse)) continue;
    for (const [above, lower] of below.entries())
      if (above === better || lower.has(better)) for (const each of [worse, ...(below[worse] ?? [])]) lower.add(each);
  }
  let open = [...new Set(rankings.flat(2))].sort((a, b) => a - b);
  const groups: number[][] = [];
  while (open.length > 0) {
    const group = open.filter((one) => !open.some((other) => isBelow(one, other)));
    groups.push(group);
    open = open.filter((one) => !group.includes(one));
  }
  return groups;
}

/**
 * Of all pairs of completions that two rankings order, each two rankings and each pair counted, how many they order the same. Pairs
 * that one of the two ties are left out (Stiennon et al. 2020, arXiv 2009.01325).
 */
export function agreement(rankings: readonly Groups<number>[], k: number): { same: number; pairs: number } {
  const twoOf = (n: number): number => (n * (n - 1)) / 2;
  let [same, pairs] = [0, 0];
  for (const { forA, forB } of votes(rankings, k)) {
    same += twoOf(forA) + twoOf(forB);
    pairs += twoOf(forA + forB);
  }
  return { same, pairs };
}

/** For each two completions, how many rankings place the one above the other. */
function votes(rankings: readonly Groups<number>[], k: number): { a: number; b: number; forA: number; forB: number }[] {
  const all = rankings.map(ranks);
  const found: { a: number; b: number; forA: number; forB: number }[] = [];
  for (let a = 0; a < k; a++)
    for (let b = a + 1; b < k; b++) {
      let [forA, forB] = [0, 0];
      for (const rank of all) {
        const [ofA, ofB] = [rank.get(a), rank.get(b)];
        if (ofA === undefined || ofB === undefined) continue;
        if (ofA < ofB) forA++;
        else if (ofB < ofA) forB++;
      }
      found.push({ a, b, forA, forB });
    }
  return found;
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
