import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { placeOf, splitOf } from '../../server/releases/splits.ts';

const shares = (train: number, validation: number, test: number) => ({ train, validation, test, heldOutTrainers: [] });
const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
/** Shares that are at most 100 together. */
const anyShares = fc
  .tuple(fc.nat(100), fc.nat(100), fc.nat(100))
  .filter(([a, b, c]) => a + b + c <= 100)
  .map(([train, validation, test]) => shares(train, validation, test));

describe('the split of a group', () => {
  it('is the same each time, and never another for another kind, or with other trainers', () => {
    fc.assert(
      fc.property(fc.uuid(), seeds, anyShares, fc.array(fc.uuid()), (group, seed, split, trainers) => {
        expect(splitOf(group, seed, split, trainers)).toBe(splitOf(group, seed, split));
        const place = placeOf(group, seed);
        expect(place >= 0 && place < 100).toBe(true);
      }),
    );
    expect(placeOf('a group', 0)).toBeCloseTo(87.62745972778238, 10);
  });

  it('gives each split its share', () => {
    const counts = new Map<string | null, number>();
    for (let n = 0; n < 20_000; n += 1) {
      const split = splitOf(`group ${n}`, 3, shares(70, 10, 15));
      counts.set(split, (counts.get(split) ?? 0) + 1);
    }
    for (const [split, share] of [
      ['train', 70],
      ['validation', 10],
      ['test', 15],
      [null, 5],
    ] as const)
      expect(Math.abs((counts.get(split) ?? 0) / 200 - share)).toBeLessThan(1);
  });

  it('is test or validation by the share of that alone: a larger one keeps what it has, and takes from train', () => {
    fc.assert(
      fc.property(fc.uuid(), seeds, anyShares, fc.nat(100), (group, seed, split, more) => {
        const grown = Math.min(more, split.train);
        const before = splitOf(group, seed, split);
        for (const name of ['test', 'validation'] as const) {
          const after = splitOf(group, seed, { ...split, train: split.train - grown, [name]: split[name] + grown });
          if (before === 'test' || before === 'validation') expect(after).toBe(before);
          else if (split.train + split.validation + split.test === 100) expect(['train', name]).toContain(after);
          else expect(['train', name, null]).toContain(after);
        }
      }),
    );
  });

  it('leaves nothing out where the shares are all', () => {
    fc.assert(
      fc.property(fc.uuid(), seeds, (group, seed) => {
        expect(splitOf(group, seed, shares(100 - 33.3 - 33.3, 33.3, 33.3))).not.toBeNull();
        expect(splitOf(group, seed, shares(100, 0, 0))).toBe('train');
        expect(splitOf(group, seed, shares(0, 0, 100))).toBe('test');
        expect(splitOf(group, seed, shares(0, 100, 0))).toBe('validation');
      }),
    );
  });

  it('is another with another seed, for some', () => {
    const groups = Array.from({ length: 100 }, (_, n) => `group ${n}`);
    const of = (seed: number) => groups.map((group) => splitOf(group, seed, shares(50, 0, 50)));
    expect(of(1)).not.toEqual(of(2));
  });
});

describe('held-out trainers', () => {
  const split = { ...shares(100, 0, 0), heldOutTrainers: ['ann', 'bob'] };
  it('have a split of their own, and what they made with others is in none', () => {
    expect(splitOf('g', 0, split, ['ann'])).toBe('held_out');
    expect(splitOf('g', 0, split, ['ann', 'bob', 'ann'])).toBe('held_out');
    expect(splitOf('g', 0, split, ['ann', 'cat'])).toBeNull();
    expect(splitOf('g', 0, split, ['cat'])).toBe('train');
    expect(splitOf('g', 0, split, [])).toBe('train');
  });
});
