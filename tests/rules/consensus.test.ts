import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Groups, ranks } from '../../shared/ranking.ts';
import { agreement, majorityPairs, rankedPairs } from '../../server/releases/consensus.ts';

const ids = (completion: number): string => `id-${completion}`;
const consensus = (rankings: readonly Groups<number>[], k: number): number[][] => rankedPairs(rankings, k, ids);

/** Any ranking with ties of all of `k` completions, or of at least `least` of them. */
const rankingOf = (k: number, least = k): fc.Arbitrary<number[][]> =>
  fc
    .tuple(
      fc.shuffledSubarray([...Array(k).keys()], { minLength: least }),
      fc.array(fc.boolean(), { minLength: k, maxLength: k }),
    )
    .map(([order, breaks]) => {
      const groups: number[][] = [];
      for (const [index, completion] of order.entries())
        if (index === 0 || breaks[index]) groups.push([completion]);
        else groups.at(-1)?.push(completion);
      return groups;
    });
const several = (least?: number): fc.Arbitrary<{ k: number; rankings: number[][][] }> =>
  fc
    .integer({ min: 2, max: 7 })
    .chain((k) =>
      fc.record({ k: fc.constant(k), rankings: fc.array(rankingOf(k, least), { minLength: 1, maxLength: 6 }) }),
    );

/** Points for each completion: one for each that a ranking places below it, half for each that it ties with. */
function bordaScores(rankings: readonly Groups<number>[], k: number): number[] {
  return [...Array(k).keys()].map((one) =>
    rankings
      .map(ranks)
      .flatMap((rank) => [...rank.values()].map((place) => Math.sign(place - (rank.get(one) ?? place))))
      .reduce((sum, sign) => sum + (sign + 1) / 2, 0),
  );
}
const normal = (groups: Groups<number>): number[][] => groups.map((group) => [...group].sort((a, b) => a - b));

describe('the majority of several rankings', () => {
  it('counts who places one above the other, and makes no pair of as many for each', () => {
    expect(
      majorityPairs(
        [
          [[0], [1, 2]],
          [[1], [0], [2]],
          [[0], [2], [1]],
        ],
        3,
      ),
    ).toEqual([
      { better: 0, worse: 1, for: 2, against: 1 },
      { better: 0, worse: 2, for: 3, against: 0 },
    ]);
  });

  it('asks only those who ranked both', () => {
    expect(
      majorityPairs(
        [
          [[2], [0]],
          [[0], [1]],
        ],
        3,
      ),
    ).toEqual([
      { better: 0, worse: 1, for: 1, against: 0 },
      { better: 2, worse: 0, for: 1, against: 0 },
    ]);
  });
});

describe('the consensus by ranked pairs', () => {
  it('drops the weakest majority of a circle', () => {
    // 0 over 1 by 7 of 9, 1 over 2 by 6, 2 over 0 by 5.
    const circle = [
      ...Array<number[][]>(4).fill([[0], [1], [2]]),
      ...Array<number[][]>(2).fill([[1], [2], [0]]),
      ...Array<number[][]>(3).fill([[2], [0], [1]]),
    ];
    expect(majorityPairs(circle, 3).map((majority) => majority.for)).toEqual([7, 5, 6]);
    expect(consensus(circle, 3)).toEqual([[0], [1], [2]]);
  });

  it('takes fewer against before more, where as many are for', () => {
    // Each of the circle 0 over 1, 1 over 2, 2 over 0 has 2 for it; but only 0 over 1 has nobody against it, and 2 over 0 most.
    const rankings = [
      [[0], [1]],
      [[0], [1]],
      [[1], [2]],
      [[1], [2]],
      [[2], [1]],
      [[2], [0]],
      [[2], [0]],
      [[0], [2]],
    ];
    expect(majorityPairs(rankings, 3)).toEqual([
      { better: 0, worse: 1, for: 2, against: 0 },
      { better: 2, worse: 0, for: 2, against: 1 },
      { better: 1, worse: 2, for: 2, against: 1 },
    ]);
    // Of the two that are left the ids decide: 1 over 2 goes before 2 over 0, which would close the circle.
    expect(consensus(rankings, 3)).toEqual([[0], [1], [2]]);
    expect(rankedPairs(rankings, 3, (completion) => String(9 - completion))).toEqual([[2], [0], [1]]);
  });

  it('ties what nothing separates, right behind the last that is above it', () => {
    expect(
      consensus(
        [
          [[0], [1]],
          [[1], [0]],
        ],
        2,
      ),
    ).toEqual([[0, 1]]);
    // 2 is as often above as below each of the others.
    expect(
      consensus(
        [
          [[0], [1], [2]],
          [[2], [0], [1]],
        ],
        3,
      ),
    ).toEqual([[0, 2], [1]]);
  });

  it('leaves out what nobody ranked', () => {
    expect(consensus([[[3], [1]]], 5)).toEqual([[3], [1]]);
    expect(consensus([], 3)).toEqual([]);
  });

  it('of one ranking is that ranking, also of a part', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 9 }).chain((k) => fc.tuple(fc.constant(k), rankingOf(k, 1))),
        ([k, one]) => {
          expect(consensus([one], k)).toEqual(normal(one));
        },
      ),
    );
  });

  it('is a ranking of all that were ranked, whatever the order of the rankings', () => {
    fc.assert(
      fc.property(several(1), fc.infiniteStream(fc.nat()), ({ k, rankings }, keys) => {
        const groups = consensus(rankings, k);
        expect(groups.flat().sort()).toEqual([...new Set(rankings.flat(2))].sort());
        expect(groups.every((group) => group.length > 0)).toBe(true);
        const keyed = rankings.map((ranking) => [keys.next().value, ranking] as const);
        const shuffled = keyed
          .sort(([a], [b]) => a - b)
          .map(([, ranking]) => ranking.map((group) => group.toReversed()));
        expect(consensus(shuffled, k)).toEqual(groups);
      }),
    );
  });

  it('has one alone in front who beats each other one', () => {
    fc.assert(
      fc.property(several(), ({ k, rankings }) => {
        const majorities = majorityPairs(rankings, k);
        for (let one = 0; one < k; one++)
          if (majorities.filter(({ better }) => better === one).length === k - 1)
            expect(consensus(rankings, k)[0]).toEqual([one]);
      }),
    );
  });

  it('keeps what all are of one mind about, as Borda does', () => {
    fc.assert(
      fc.property(several(), ({ k, rankings }) => {
        const place = ranks(consensus(rankings, k));
        const points = bordaScores(rankings, k);
        for (const { better, worse, for: all } of majorityPairs(rankings, k)) {
          if (all < rankings.length) continue;
          expect(place.get(better)).toBeLessThan(place.get(worse) ?? 0);
          expect(points[better]).toBeGreaterThan(points[worse] ?? 0);
        }
      }),
    );
  });

  it('is what Borda says where all say the same', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 7 }).chain((k) => rankingOf(k).map((ranking) => ({ k, ranking }))),
        ({ k, ranking }) => {
          const points = bordaScores([ranking, ranking], k);
          const byPoints = Map.groupBy([...Array(k).keys()], (one) => points[one]);
          const groups = [...byPoints].sort(([a = 0], [b = 0]) => b - a).map(([, group]) => group);
          expect(consensus([ranking, ranking], k)).toEqual(groups);
        },
      ),
    );
  });
});

describe('agreement', () => {
  it('is told of pairs that two people order', () => {
    expect(
      agreement(
        [
          [[0], [1], [2]],
          [[0], [2], [1]],
        ],
        3,
      ),
    ).toEqual({ same: 2, pairs: 3 });
    expect(
      agreement(
        [
          [[0], [1, 2]],
          [[0], [2], [1]],
        ],
        3,
      ),
    ).toEqual({ same: 2, pairs: 2 });
    expect(
      agreement(
        [
          [[0], [1]],
          [[0], [1]],
          [[1], [0]],
        ],
        2,
      ),
    ).toEqual({ same: 1, pairs: 3 });
    expect(agreement([[[0], [1]]], 2)).toEqual({ same: 0, pairs: 0 });
    expect(
      agreement(
        [
          [[0], [1]],
          [[2], [0]],
        ],
        3,
      ),
    ).toEqual({ same: 0, pairs: 0 });
  });

  it('is what going through every two rankings gives', () => {
    fc.assert(
      fc.property(several(1), ({ k, rankings }) => {
        let [same, pairs] = [0, 0];
        for (const [at, one] of rankings.entries())
          for (const other of rankings.slice(at + 1)) {
            const [a, b] = [ranks(one), ranks(other)];
            for (let x = 0; x < k; x++)
              for (let y = x + 1; y < k; y++) {
                const [first = NaN, second = NaN] = [a, b].map((rank) =>
                  Math.sign((rank.get(x) ?? NaN) - (rank.get(y) ?? NaN)),
                );
                if (!first || !second) continue;
                pairs++;
                if (first === second) same++;
              }
          }
        expect(agreement(rankings, k)).toEqual({ same, pairs });
      }),
    );
  });
});
