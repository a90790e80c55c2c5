import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Groups, place } from '../../server/releases/roots/groups.ts';
import { languageCode, loadDetector } from '../../server/releases/roots/language.ts';
import { bandCount, rootOf, shinglesOf } from '../../server/releases/roots/minhash.ts';
import { halves, joined } from '../../server/releases/roots/mixing.ts';
import { printOf } from '../../server/samplings/alike.ts';
import { mulberry32 } from '../../server/seeded.ts';

const share = (a: string, b: string): boolean => {
  const bands = new Set(rootOf(null, a).bands);
  return rootOf(null, b).bands.some((band) => bands.has(band));
};
const jaccard = (a: string, b: string): number => {
  const [one, other] = [new Set(shinglesOf(printOf(a))), new Set(shinglesOf(printOf(b)))];
  const both = [...one].filter((shingle) => other.has(shingle)).length;
  return both / (one.size + other.size - both);
};

describe('a root', () => {
  it('is the same for what differs only in case, blanks, punctuation and ways to encode it', () => {
    expect(rootOf(null, 'Why is the sky blue?')).toEqual(rootOf(null, '  why is\n\nthe SKY blue'));
    expect(rootOf(null, 'ﬁne')).toEqual(rootOf(null, 'fine'));
    expect(rootOf(null, '东京是首都。').id).toBe(rootOf(null, '东京是首都').id);
    expect(rootOf('Be brief.', 'Why?').id).not.toBe(rootOf(null, 'Why?').id);
    expect(rootOf('Be brief.', 'Why?').id).not.toBe(rootOf(null, 'Be brief. Why?').id);
  });

  it('never changes: what is stored would no longer be found', () => {
    const { id, bands } = rootOf(null, 'Why is the sky blue?');
    expect(id).toBe('4c216839-c0f8-8563-8fbf-69106dd086c6');
    expect(bands).toHaveLength(bandCount);
    expect([bands[0], bands[20]]).toEqual([-2649865971942521217n, -3902610133528602n]);
    const long =
      'Explain to a child of ten years why the sky is blue by day and red in the evening, in three short sentences.';
    expect(rootOf('Be kind.', long).id).toBe('b64a3c12-974e-8f47-8bfe-c29159830371');
    expect(rootOf('Be kind.', long).bands[7]).toBe(6221145588348369867n);
  });

  it('is alike below whatever system message, and not by a long one that it shares', () => {
    const system =
      'You are a patient teacher of physics who answers in plain words and never in more than ten lines. '.repeat(9);
    expect(rootOf(system, 'Why is the sky blue?').bands).toEqual(rootOf(null, 'Why is the sky blue?').bands);
    const [a, b] = [rootOf(system, 'Why is the sky blue?'), rootOf(system, 'How do bees find their way home?')];
    expect(a.bands.filter((band) => b.bands.includes(band))).toEqual([]);
  });

  it('can be had of any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { id, bands } = rootOf(null, text);
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(new Set(bands).size).toBe(bandCount);
      }),
    );
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(joined(...halves(value))).toBe(value);
      }),
    );
  });
});

describe('bands', () => {
  it('are shared by more than 95 in 100 of what is alike by 0.8, and by fewer than 5 of what is by 0.5', () => {
    const random = mulberry32(4);
    const word = (): string => `w${Math.floor(random() * 1e6)}`;
    const caught = { alike: [0, 0], apart: [0, 0] };
    for (let n = 0; n < 4_000; n += 1) {
      const words = Array.from({ length: 40 }, word);
      const other = [...words];
      // From one to seven places far apart: each takes three threes of words with it.
      for (let change = 0; change <= n % 7; change += 1) other[2 + change * 5] = word();
      const [a, b] = [words.join(' '), other.join(' ')];
      const similar = jaccard(a, b);
      const sums = similar >= 0.8 ? caught.alike : similar <= 0.5 ? caught.apart : null;
      if (sums === null) continue;
      sums[0] = (sums[0] ?? 0) + 1;
      if (share(a, b)) sums[1] = (sums[1] ?? 0) + 1;
    }
    const part = ([of = 0, some = 0]: number[]): number => some / of;
    expect(caught.alike[0]).toBeGreaterThan(400);
    expect(caught.apart[0]).toBeGreaterThan(400);
    expect(part(caught.alike)).toBeGreaterThan(0.95);
    expect(part(caught.apart)).toBeLessThan(0.05);
  });

  it('of short texts go by characters', () => {
    expect(share('Please write a poem about the autumn wind', 'Please write a poem about the autumn winds!')).toBe(
      true,
    );
    expect(share('What is the capital of France?', 'How many legs does a spider have?')).toBe(false);
    expect(share('请写一首关于秋天的诗，要有四行，每行七个字', '请写一首关于秋天的诗，要有四行，每行七个字！')).toBe(
      true,
    );
    expect(share('👍', '👎')).toBe(false);
  });

  it('take some 40 microseconds for 200 characters, and milliseconds for 30,000', () => {
    const random = mulberry32(7);
    const texts = Array.from({ length: 5_000 }, () =>
      Array.from({ length: 35 }, () => random().toString(36).slice(2, 7))
        .join(' ')
        .slice(0, 200),
    );
    const began = process.cpuUsage();
    for (const text of texts) rootOf(null, text);
    rootOf(null, texts.join(' ').slice(0, 30_000));
    rootOf(null, 'x'.repeat(30_000));
    const { user, system } = process.cpuUsage(began);
    // 20,000 in a second would be 250 ms; other work on the machine slows this down.
    expect((user + system) / 1_000).toBeLessThan(1_500 /* ms */);
  });
});

describe('groups', () => {
  const root = (id: string, ...bands: number[]) => ({ id, bands: bands.map(BigInt) });
  const begun = (id: string, ...roots: ReturnType<typeof root>[]) => ({ id, roots, language: null });
  const nothing = () => ({ roots: new Map<string, string>(), bands: new Map<bigint, string>(), groups: new Groups() });

  it('are begun by the first, joined by what shares a band, and merged by what shares bands of several', () => {
    const known = nothing();
    const placed = place(
      [
        begun('1', root('b', 1, 2)),
        begun('2', root('a', 3, 4)),
        begun('3', root('d', 2, 9)),
        begun('4', root('c', 9, 3, 5)),
        begun('5', root('b', 1, 2)),
        begun('6', root('e', 5)),
      ],
      known,
    );
    expect(placed.roots).toEqual([
      { id: 'b', group: 'b' },
      { id: 'a', group: 'a' },
      { id: 'd', group: 'b' },
      { id: 'c', group: 'a' },
      { id: 'e', group: 'a' },
    ]);
    expect(placed.merges).toEqual([{ from: 'b', into: 'a' }]);
    expect(placed.bands.map(({ band, rootId }) => `${band}${rootId}`)).toEqual(['1b', '2b', '3a', '4a', '9d', '5c']);
    expect(placed.conversations.map(({ id, rootId }) => id + rootId)).toEqual(['1b', '2a', '3d', '4c', '5b', '6e']);
    expect(known.groups.groupOf('b')).toBe('a');
  });

  it('are one where a conversation was begun twice', () => {
    const placed = place([begun('1', root('x', 1)), begun('2', root('y', 2), root('x', 1)), begun('3')], nothing());
    expect(placed.merges).toEqual([{ from: 'y', into: 'x' }]);
    expect(placed.conversations).toEqual([
      { id: '1', rootId: 'x', language: null },
      { id: '2', rootId: 'y', language: null },
    ]);
  });

  it('are the same, whatever the order in which paths were followed', () => {
    const merges = fc.array(fc.tuple(fc.nat(30), fc.nat(30)), { maxLength: 40 });
    fc.assert(
      fc.property(merges, fc.array(fc.nat(30)), (pairs, asked) => {
        const listed = pairs.map(([from, into], id) => ({ id, from: String(from), into: String(into) }));
        const [one, other] = [new Groups(), new Groups().add(listed)];
        for (const merge of listed) {
          for (const group of asked) one.groupOf(String(group));
          one.add([merge]);
        }
        for (let group = 0; group <= 30; group += 1)
          expect(one.groupOf(String(group))).toBe(other.groupOf(String(group)));
        for (const [from, into] of pairs) expect(one.groupOf(String(from))).toBe(one.groupOf(String(into)));
      }),
    );
  });
});

describe('a language', () => {
  it('is told of texts with words enough', async () => {
    const detect = await loadDetector();
    expect(detect('Why is the sky blue and the grass green?')).toBe('en');
    expect(detect('Warum ist der Himmel blau und das Gras grün?')).toBe('de');
    expect(detect('为什么天空是蓝色的，草是绿色的？')).toBe('zh');
    expect(detect('Почему небо голубое?')).toBe('ru');
    for (const text of ['', 'Why?', '1 + 1 = 2', '...', '👍'.repeat(50)]) expect(detect(text)).toBeNull();
  });

  it('is read as imports write it', () => {
    const codes = {
      en: 'en',
      'pt-BR': 'pt',
      en_US: 'en',
      deu: 'de',
      zh: 'zh',
      haw: 'haw',
      und: null,
      '': null,
      '?': null,
    };
    for (const [named, code] of Object.entries(codes)) expect([named, languageCode(named)]).toEqual([named, code]);
  });
});
