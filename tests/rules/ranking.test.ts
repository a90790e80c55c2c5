import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupsOf, labels, pairs, rankingFault, ranks } from '../../shared/ranking.ts';
import { shownOrder } from '../../server/comparisons/order.ts';
import { stretches } from '../../server/tasks/claim.ts';
import { positions } from '../../server/tasks/claim.ts';
import { reasonOf } from '../../server/tasks/queue.ts';

/** Any ranking with ties of 2 to 9 completions. */
const ranking = fc
  .integer({ min: 2, max: 9 })
  .chain((k) =>
    fc.tuple(fc.shuffledSubarray(labels(k), { minLength: k }), fc.array(fc.boolean(), { minLength: k, maxLength: k })),
  )
  .map(([letters, breaks]) => {
    const groups: string[][] = [];
    for (const [index, letter] of letters.entries())
      if (index === 0 || breaks[index]) groups.push([letter]);
      else groups.at(-1)?.push(letter);
    return groups;
  });

describe('rankings', () => {
  it('takes every ordered partition of the letters and nothing else', () => {
    fc.assert(
      fc.property(ranking, (groups) => {
        const letters = labels(groups.flat().length);
        expect(rankingFault(groups, letters)).toBeNull();
        expect(rankingFault([...groups, [letters[0] ?? '']], letters)?.message).toMatch(/twice/);
        expect(rankingFault([...groups, []], letters)?.message).toMatch(/empty/);
        expect(rankingFault(groups, labels(letters.length + 1 > 9 ? 9 : letters.length + 1)) === null).toBe(
          letters.length === 9,
        );
        expect(rankingFault([...groups, ['Z']], letters)?.message).toMatch(/no completion Z/);
      }),
    );
  });

  it('says which letters are missing', () => {
    expect(rankingFault([['A']], ['A', 'B', 'C'])).toEqual({ path: [], message: 'B, C are not ranked' });
    expect(rankingFault([['A'], ['C']], ['A', 'B', 'C'])).toEqual({ path: [], message: 'B is not ranked' });
  });

  it('implies a pair for every two completions that are not tied', () => {
    fc.assert(
      fc.property(ranking, (groups) => {
        const rank = ranks(groups);
        const implied = pairs(groups);
        const tied = groups.reduce((sum, { length }) => sum + (length * (length - 1)) / 2, 0);
        const k = rank.size;
        expect(implied).toHaveLength((k * (k - 1)) / 2 - tied);
        for (const { better, worse, distance } of implied)
          expect((rank.get(worse) ?? 0) - (rank.get(better) ?? 0)).toBe(distance);
      }),
    );
  });

  it('reads groups from ranks, in the order of the ranks, without those that have none', () => {
    expect(
      groupsOf([
        ['a', 2],
        ['b', 0],
        ['c', null],
        ['d', 2],
      ]),
    ).toEqual([['b'], ['a', 'd']]);
  });
});

describe('the order shown', () => {
  it('holds each completion once and depends on the seed alone', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 0, max: 2 ** 31 - 1 }), (k, seed) => {
        const order = shownOrder(k, seed);
        expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: k }, (_, index) => index));
        expect(shownOrder(k, seed)).toEqual(order);
      }),
    );
  });

  it('stays what it was: rankings already stored are read by it', () => {
    expect([0, 1, 2, 123_456_789].map((seed) => shownOrder(4, seed).join(''))).toMatchInlineSnapshot(`
      [
        "3201",
        "3102",
        "1302",
        "0321",
      ]
    `);
  });

  it('puts each completion in each place equally often', () => {
    const counts = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
    const trials = 24_000;
    for (let seed = 0; seed < trials; seed += 1)
      for (const [place, index] of shownOrder(4, seed * 7919).entries()) {
        const row = counts[index];
        if (row) row[place] = (row[place] ?? 0) + 1;
      }
    // Chi-squared with 9 degrees of freedom is below 27.9 in 99.9 % of cases; the seeds are fixed, so this never wavers.
    const expected = trials / 4;
    const chi = counts.flat().reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chi).toBeLessThan(27.9);
  });
});

describe('the queue', () => {
  it('is looked through once, kind after kind, from a random place on', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (at) => {
        const parts = stretches(['comparison', 'demonstration'], () => at);
        expect(parts.map(({ kind }) => kind)).toEqual(['comparison', 'comparison', 'demonstration', 'demonstration']);
        const [tail, head] = parts;
        expect([tail?.high, head?.low, head?.high]).toEqual([positions, 0, tail?.low]);
      }),
    );
  });

  it('says why there is nothing', () => {
    const none = { open: 0, mine: 0, authored: 0 };
    const sums = { wanted: 10, submitted: 10 };
    expect(reasonOf({ ...none, open: 1 }, sums, false)).toBe('open');
    expect(reasonOf({ ...none, open: 1 }, sums, true)).toBe('archived');
    expect(reasonOf(none, { wanted: 0, submitted: 0 }, false)).toBe('none');
    expect(reasonOf(none, sums, false)).toBe('done');
    expect(reasonOf(none, { ...sums, submitted: 9 }, false)).toBe('in_hands');
    expect(reasonOf({ ...none, mine: 1, authored: 1 }, { ...sums, submitted: 9 }, false)).toBe('share');
    expect(reasonOf({ ...none, authored: 1 }, { ...sums, submitted: 9 }, false)).toBe('authored');
  });
});
