import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, ownWords } from '../../shared/edit-distance.ts';

/** The distance by its definition, cell by cell. */
function plainly(a: readonly string[], b: readonly string[]): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [row, unit] of a.entries()) {
    const now = [row + 1];
    for (const [column, other] of b.entries()) {
      const replaced = (above[column] ?? 0) + (unit === other ? 0 : 1);
      now.push(Math.min(replaced, (above[column + 1] ?? 0) + 1, (now[column] ?? 0) + 1));
    }
    above = now;
  }
  return (above[b.length] ?? 0) / Math.max(1, a.length, b.length);
}

const letters = fc.array(fc.constantFrom('a', 'b', ' ', 'é', '漢', '\u{1F319}'), { maxLength: 150 });
/** Time that the processor spent on this, in milliseconds: whatever else the machine does is no part of it. */
function cost(work: () => void): number {
  const began = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(began);
  return (user + system) / 1_000;
}
const numbered = (from: number, count: number): string =>
  Array.from({ length: count }, (_, index) => `w${from + index}`).join(' ');

describe('the edit distance', () => {
  it('is the Levenshtein distance over characters, by the length of the longer text', () => {
    fc.assert(
      fc.property(letters, letters, (a, b) => {
        expect(editDistance(a.join(''), b.join(''))).toBeCloseTo(plainly(a, b), 12);
      }),
      { numRuns: 300 },
    );
    expect(editDistance('kitten', 'sitting')).toBeCloseTo(3 / 7);
    expect(editDistance('', '')).toBe(0);
    expect(editDistance('', 'all new')).toBe(1);
    expect(editDistance('\u{1F319}', '\u{1F31A}')).toBe(1);
  });

  it('is small for a small change in a text of any length', () => {
    const long = numbered(0, 30_000);
    expect(editDistance(long, long.replace('w15000', 'other'))).toBeLessThan(0.0001);
    expect(editDistance(long, `An opening. ${long} And an end.`)).toBeLessThan(0.001);
  });

  it('goes over words where the texts are long and differ from end to end, and its cost stays bounded', () => {
    // 30,000 characters each, half of the words in common.
    const a = Array.from({ length: 5_000 }, (_, index) => `word${index}`);
    const b = a.map((one, index) => (index % 2 === 0 ? `other${index}` : one));
    const spent = cost(() => {
      expect(editDistance(a.join(' '), b.join(' '))).toBeCloseTo(2_500 / 9_999, 3);
      // 200,000 characters each, in which each one is a word.
      expect(editDistance('漢字'.repeat(100_000), '仮名'.repeat(100_000))).toBe(1);
      expect(editDistance('漢字'.repeat(100_000), `仮${'字漢'.repeat(99_999)}名`)).toBeLessThan(0.01);
    });
    expect(spent).toBeLessThan(2_000);
  });

  it('stays between 0 and 1 and is 0 only for the same text', () => {
    fc.assert(
      fc.property(letters, letters, (first, second) => {
        const [a, b] = [first.join(''), second.join('')];
        const distance = editDistance(a, b);
        expect(distance >= 0 && distance <= 1).toBe(true);
        expect(distance === 0).toBe(a === b);
      }),
    );
  });
});

describe('own words', () => {
  const suggestion = 'The sea rises because the moon pulls at it, and so does the sun.';

  it('are all words where nothing was inserted, and none where nothing was written', () => {
    expect(ownWords('Entirely mine.', [])).toBe(100);
    expect(ownWords('Entirely mine.', [suggestion, ''])).toBe(100);
    expect(ownWords(suggestion, [suggestion])).toBe(0);
    expect(ownWords('', [suggestion])).toBe(100);
    expect(ownWords('?! \u{1F319}', [suggestion])).toBe(100);
  });

  it('are counted as words, whatever the case and the marks between them', () => {
    expect(ownWords(`Here is what I found out: ${suggestion.toUpperCase()}`, [suggestion])).toBe(30);
    expect(ownWords(suggestion.replaceAll(' ', '  *').replace(',', ';'), [suggestion])).toBe(0);
  });

  it('are not made by moving what was inserted, nor taken away by a word that both use', () => {
    expect(ownWords('so does the sun, and the moon pulls at it: the sea rises because', [suggestion])).toBeLessThan(10);
    expect(ownWords('I asked the old sailor about the moon.', [suggestion])).toBe(100);
  });

  it('are those between changed ones: a replaced word is own, the runs beside it are not', () => {
    expect(ownWords(suggestion.replace('moon', 'wind'), [suggestion])).toBe(7);
  });

  it('know short suggestions, and those of scripts without blanks', () => {
    expect(ownWords('Yes', ['Yes.'])).toBe(0);
    expect(ownWords('Of course not, no.', ['Of course'])).toBe(50);
    expect(ownWords('海が上がるのは月のためです', ['海が上がるのは'])).toBe(46);
    expect(ownWords("I don't know that", ["Don't know that"])).toBe(25);
  });

  it('are between 0 and 100, and never more with more inserted', () => {
    const words = fc.array(fc.constantFrom('the', 'sea', 'rises', 'at', 'night'), { maxLength: 30 });
    fc.assert(
      fc.property(words, words, words, (text, first, second) => {
        const one = ownWords(text.join(' '), [first.join(' ')]);
        expect(one >= 0 && one <= 100).toBe(true);
        expect(ownWords(text.join(' '), [first.join(' '), second.join(' ')])).toBeLessThanOrEqual(one);
        if (text.length > 0) expect(ownWords(text.join(' '), [text.join(' ')])).toBe(0);
      }),
    );
  });

  it('are counted at a cost that grows with the length alone', () => {
    const spent = cost(() => expect(ownWords(numbered(0, 30_000), [numbered(15_000, 30_000)])).toBe(50));
    expect(spent).toBeLessThan(1_000);
  });
});
