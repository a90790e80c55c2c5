import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Caps } from '../../server/releases/hygiene/caps.ts';
import { addPrompt, contaminated } from '../../server/releases/hygiene/contamination.ts';
import { Seen } from '../../server/releases/hygiene/seen.ts';

describe('what was seen', () => {
  const key = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });

  it('is what a set would hold', () => {
    fc.assert(
      fc.property(fc.array(key, { maxLength: 3_000 }), fc.array(key), (keys, others) => {
        const [seen, set] = [new Seen(), new Set<bigint>()];
        for (const one of keys) {
          // Zero is taken for one.
          const kept = one === 0n ? 1n : one;
          expect(seen.add(one)).toBe(!set.has(kept));
          set.add(kept);
        }
        for (const one of [...keys, ...others]) expect(seen.has(one)).toBe(set.has(one === 0n ? 1n : one));
        expect(seen.size).toBe(set.size);
        expect([...seen.pages(7)].flat().sort()).toEqual([...set].sort());
      }),
      { numRuns: 50 },
    );
    const seen = new Seen();
    expect([seen.has(0n), seen.add(0n), seen.add(0n), seen.has(1n)]).toEqual([false, true, false, true]);
  });

  it('takes at most 32 MB for a million', () => {
    const seen = new Seen();
    for (let n = 0; n < 1_000_000; n += 1) seen.addHalves(Math.imul(n, 0x9e3779b1), Math.imul(n, 0x85ebca6b));
    expect(seen.size).toBe(1_000_000);
    expect(seen.bytes).toBeLessThanOrEqual(32e6);
    expect(seen.hasHalves(Math.imul(999_999, 0x9e3779b1), Math.imul(999_999, 0x85ebca6b))).toBe(true);
  });
});

describe('caps', () => {
  it('keep the first of a source and of a trainer, and count only what they keep', () => {
    const caps = new Caps({ perSource: 2, perTrainer: 1 });
    const take = (source: string | null, ...trainers: string[]) => caps.take({ source, trainers });
    expect(take('a', 'ann')).toBeNull();
    expect(take('a', 'ann', 'bob')).toMatch(/trainer/);
    expect(take('a', 'bob', 'bob')).toBeNull();
    expect(take('a')).toMatch(/source/);
    expect([take(null), take(null), take(null)]).toEqual([null, null, null]);
  });

  it('ask nothing where there are none', () => {
    const caps = new Caps({ perSource: null, perTrainer: null });
    for (let n = 0; n < 9; n += 1) expect(caps.take({ source: 'a', trainers: ['ann'] })).toBeNull();
  });
});

describe('a text is contaminated', () => {
  const words = (from: number, to: number): string =>
    Array.from({ length: to - from }, (_, n) => `word${from + n}`).join(' ');
  const by = (...prompts: string[]) => {
    const grams = new Seen();
    for (const prompt of prompts) addPrompt(grams, prompt);
    return (...texts: string[]) => contaminated(grams, texts);
  };

  it('that has 13 words in a row of a prompt, however they are written', () => {
    const holds = by(words(0, 40));
    expect(holds(`Before. ${words(10, 23)} after`)).toBe(true);
    expect(holds(`Before, ${words(10, 23).toUpperCase().replaceAll(' ', ',\n ')}!`)).toBe(true);
    expect(holds('nothing', words(27, 40))).toBe(true);
    expect(holds(words(10, 22), words(22, 34))).toBe(false);
    expect(holds(`${words(10, 16)} other ${words(17, 29)}`)).toBe(false);
  });

  it('that has 8 in a row of a shorter one, and of one shorter still, that is all of it', () => {
    const holds = by(words(0, 12), 'What is 2 + 2?');
    expect(holds(`Tell me: ${words(3, 11)}`)).toBe(true);
    expect(holds(words(3, 10))).toBe(false);
    expect(holds('what is 2+2')).toBe(false);
    expect(holds('WHAT is 2 + 2')).toBe(true);
    expect(holds('I ask: what is 2 + 2?')).toBe(false);
    expect(holds('')).toBe(false);
  });

  it('as a search for those words would say', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 40 });
    fc.assert(
      fc.property(text, text, (prompt, said) => {
        const length = prompt.length >= 13 ? 13 : prompt.length >= 8 ? 8 : prompt.length;
        const runs =
          prompt.length === 0
            ? []
            : prompt.flatMap((_, at) =>
                at + length <= prompt.length ? [prompt.slice(at, at + length).join(' ')] : [],
              );
        const has = (run: string): boolean =>
          length < 8 ? said.join(' ') === run : ` ${said.join(' ')} `.includes(` ${run} `);
        expect(by(prompt.join(' '))(said.join(' '))).toBe(runs.some(has));
      }),
      { numRuns: 500 },
    );
  });

  it('never by nothing', () => {
    const grams = new Seen();
    expect(addPrompt(grams, ' ...! ')).toBe(false);
    expect(contaminated(grams, ['', '...', 'anything'])).toBe(false);
  });
});
