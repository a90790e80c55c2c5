import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alike, likeAny, printOf } from '../../server/samplings/alike.ts';

const same = (a: string, b: string): boolean => alike(printOf(a), printOf(b));
const words = (count: number, from = 0): string[] => Array.from({ length: count }, (_, n) => `word${(n + from) * 7}`);
const except = (list: string[], at: number, word: string): string => list.with(at, word).join(' ');

describe('completions are alike', () => {
  it('that differ only in case, blanks and punctuation', () => {
    expect(same('Because it is.', '  because\n\nit IS!')).toBe(true);
    expect(same('**Yes**, "well-known"', 'yes, well known')).toBe(true);
    expect(same('ﬁne', 'fine')).toBe(true);
    expect(same('东京是首都。', '东京是首都')).toBe(true);
    expect(same('...', '...')).toBe(true);
  });

  it('not that say another thing in few words', () => {
    expect(same('Yes.', 'No.')).toBe(false);
    expect(same('The answer is 41.', 'The answer is 42.')).toBe(false);
    expect(same('The answer is -5.', 'The answer is 5.')).toBe(false);
    expect(same('It is 1.5 m.', 'It is 15 m.')).toBe(false);
    expect(same('a + b', 'a * c')).toBe(false);
    expect(same('👍', '👎')).toBe(false);
    expect(same('...', '?!')).toBe(false);
    expect(same('东京是首都。', '大阪是首都。')).toBe(false);
  });

  it('that share nine in ten of their threes of words', () => {
    const text = words(200);
    expect(same(text.join(' '), except(text, 100, 'other'))).toBe(true);
    expect(same(text.join(' '), words(190).join(' '))).toBe(true);
    expect(same(text.join(' '), words(150).join(' '))).toBe(false);
    expect(same(text.join(' '), words(200, 50).join(' '))).toBe(false);
    expect(same(text.join(' '), text.toReversed().join(' '))).toBe(false);
  });

  it('whichever comes first, and with themselves', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
        expect(same(a, a)).toBe(true);
        expect(same(a, b)).toBe(same(b, a));
      }),
    );
    expect(likeAny(printOf('One.'), [printOf('Two'), printOf('one')])).toBe(true);
    expect(likeAny(printOf('One.'), [])).toBe(false);
  });

  it('is found out soon also for 30,000 characters, in any script', { timeout: 60_000 }, () => {
    const latin = words(5_000).join(' ').slice(0, 30_000);
    const han = Array.from({ length: 30_000 }, (_, n) => String.fromCodePoint(0x4e00 + ((n * 7919) % 20_000))).join('');
    const texts = [latin, han, ' '.repeat(30_000), '.'.repeat(30_000), 'x'.repeat(30_000)];
    const began = process.cpuUsage();
    for (const text of texts) {
      const prints = Array.from({ length: 4 }, (_, n) => printOf(`${text} ${n}`));
      for (const print of prints) likeAny(print, prints.slice(0, 2));
    }
    // Some 0.3 s; of this process alone, whatever else the machine does.
    const { user, system } = process.cpuUsage(began);
    expect((user + system) / 1_000).toBeLessThan(3_000 /* ms */);
  });
});
