import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate } from '../../server/rounds/mix.ts';

const mixOf = (counts: number[]) => counts.map((count, index) => ({ modelId: `m${index}`, count }));

describe('a mix of models', () => {
  it('gives as many as it says where as many are wanted', () => {
    expect(allocate(mixOf([2, 1]), 3)).toEqual(mixOf([2, 1]));
  });

  it('keeps its proportions for other numbers, the largest remainder first', () => {
    expect(allocate(mixOf([2, 1]), 8)).toEqual(mixOf([5, 3]));
    expect(allocate(mixOf([5, 3, 1]), 4)).toEqual(mixOf([2, 1, 1]));
  });

  it('prefers the model named first where remainders are equal, and leaves out what gets none', () => {
    expect(allocate(mixOf([1, 1, 1]), 2)).toEqual([
      { modelId: 'm0', count: 1 },
      { modelId: 'm1', count: 1 },
    ]);
    expect(allocate(mixOf([1, 9]), 1)).toEqual([{ modelId: 'm1', count: 1 }]);
    expect(allocate(mixOf([1, 2]), 0)).toEqual([]);
  });

  it('always comes to the number wanted, and each part to its quota rounded up or down', () => {
    const counts = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(counts, fc.integer({ min: 0, max: 50 }), (counts, n) => {
        const total = counts.reduce((sum, count) => sum + count, 0);
        const given = new Map(allocate(mixOf(counts), n).map(({ modelId, count }) => [modelId, count]));
        expect([...given.values()].reduce((sum, count) => sum + count, 0)).toBe(n);
        for (const [index, count] of counts.entries())
          expect(Math.abs((given.get(`m${index}`) ?? 0) - (n * count) / total)).toBeLessThan(1);
      }),
    );
  });
});
