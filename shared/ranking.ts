/**
 * Rankings as ordered groups: `[["B"], ["A", "C"]]` says that B is best and that A and C tie behind it.
 * Pure, shared by the page that makes them and the server that checks and exports them.
 */

export type Groups<T> = readonly (readonly T[])[];

const letters = 'ABCDEFGHI';

/** The letters under which `count` completions are shown. */
export function labels(count: number): string[] {
  return [...letters.slice(0, count)];
}

/** What keeps `groups` from being a ranking of exactly `expected`, in words, or null. */
export function rankingFault(
  groups: Groups<string>,
  expected: readonly string[],
): { path: (string | number)[]; message: string } | null {
  const seen = new Set<string>();
  for (const [place, group] of groups.entries()) {
    if (group.length === 0) return { path: [place], message: `place ${place + 1} is empty` };
    for (const [index, label] of group.entries()) {
      if (!expected.includes(label)) return { path: [place, index], message: `there is no completion ${label} here` };
      if (seen.has(label)) return { path: [place, index], message: `${label} is ranked twice` };
      seen.add(label);
    }
  }
  const missing = expected.filter((label) => !seen.has(label));
  if (missing.length > 0)
    return { path: [], message: `${missing.join(', ')} ${missing.length > 1 ? 'are' : 'is'} not ranked` };
  return null;
}

/** Rank of each member, 1 is best; members of one group share a rank and the next group follows without a gap. */
export function ranks<T>(groups: Groups<T>): Map<T, number> {
  return new Map(groups.flatMap((group, place) => group.map((member) => [member, place + 1] as const)));
}

/** All ordered pairs (better, worse) that a ranking implies, with how many places lie between; ties give none. */
export function pairs<T>(groups: Groups<T>): { better: T; worse: T; distance: number }[] {
  const found: { better: T; worse: T; distance: number }[] = [];
  for (const [place, group] of groups.entries()) {
    for (const [below, lower] of groups.slice(place + 1).entries()) {
      for (const better of group) for (const worse of lower) found.push({ better, worse, distance: below + 1 });
    }
  }
  return found;
}

/** Groups from a rank per member (any numbers, lowest is best); members without a rank are left out. */
export function groupsOf<T>(ranked: readonly (readonly [T, number | null | undefined])[]): T[][] {
  const byRank = new Map<number, T[]>();
  for (const [member, rank] of ranked) {
    if (rank === null || rank === undefined) continue;
    const group = byRank.get(rank);
    if (group) group.push(member);
    else byRank.set(rank, [member]);
  }
  return [...byRank].sort(([a], [b]) => a - b).map(([, group]) => group);
}
