import { expect, test } from 'vitest';
import type { Asked } from '../../server/models/provider.ts';
import { corpusOf, createReplay, draw } from '../../server/models/providers/replay.ts';
import { mulberry32 } from '../../server/seeded.ts';

const bread = ['Use soda.', 'Use sourdough.', 'Use baking powder.', 'Use beer.'];
const rings = ['Saturn and three others.', 'All four giants.', 'Four do.', 'The giants do.', 'Saturn most of all.'];
const russian = ['Как раз собирался.', 'Только что собирался.', 'Я как раз хотел.', 'Вот-вот собирался.'];

function answered(content: string, answers: readonly string[]): Parameters<typeof corpusOf>[0][number] {
  return { messages: [{ role: 'user', content }], completions: answers.map((answer) => ({ content: answer })) };
}

const corpus = corpusOf([
  answered('How do I bake bread without yeast?', bread),
  answered('Which planets have rings?', rings),
  answered('Translate into Russian: I was just going to', russian),
  {
    messages: [
      { role: 'user', content: 'My train is late, what now?' },
      { role: 'assistant', content: 'Ask for a refund.' },
      { role: 'user', content: 'How much do I get back?' },
      { role: 'assistant', content: 'A quarter of the fare.' },
    ],
    completions: [],
  },
]);

function asked(content: string, seed: number, more: Partial<Asked> = {}): Asked {
  return { messages: [{ role: 'user', content }], role: 'assistant', parameters: { temperature: 0.3 }, seed, ...more };
}

async function whole(
  asked: Asked,
  replay = createReplay({ wordsPerSecond: Infinity }),
): Promise<{ text: string; pieces: number; reason: string }> {
  const writing = replay.write(asked, AbortSignal.timeout(10_000));
  let text = '';
  for (let pieces = 0; ; pieces += 1) {
    const { done, value } = await writing.next();
    if (done) return { text, pieces, reason: value.finishReason };
    text += value;
  }
}

const random = mulberry32(7);
const seeds = Array.from({ length: 200 }, () => Math.floor(random() * 2 ** 31));

const demo = createReplay({ wordsPerSecond: Infinity });
const english = [
  'Why is the sky blue?',
  'What is the capital of France?',
  'Hello!',
  'Can you help me plan a holiday in Italy?',
  'Which word does Japanese use for the subject, and how would I say it in Arabic?',
  'Pizza?',
  'qwxz vbnm',
  'Summarise the following: 東京 is a big city by the sea.',
];

function textsOf(content: string, more: Partial<Asked> = {}, of: readonly number[] = seeds): Promise<string[]> {
  return Promise.all(of.map(async (seed) => (await whole(asked(content, seed, more), demo)).text));
}

function share(texts: readonly string[], letters: RegExp): number[] {
  return texts.map((text) => (text.match(letters)?.length ?? 0) / (text.match(/\p{L}/gu)?.length ?? 1));
}

test('answers with what was recorded for the likest prompt, another with another seed, the same with the same', () => {
  const texts = (): (string | null)[] =>
    seeds.map((seed) => draw(corpus, asked('How can one bake bread with no yeast at all?', seed)));
  expect(new Set(texts())).toEqual(new Set(bread));
  expect(texts()).toEqual(texts());
});

test('a higher temperature strays further, also where only one recorded text is alike', () => {
  const strayed = (content: string, temperature: number, from: readonly string[]): number =>
    seeds.filter((seed) => !from.includes(draw(corpus, asked(content, seed, { parameters: { temperature } })) ?? ''))
      .length;
  for (const [content, from] of [
    ['Bake bread on planets', bread],
    ['My train is late, what now?', ['Ask for a refund.']],
  ] as const) {
    const [cool, usual, hot] = [0.3, 1, 2].map((temperature) => strayed(content, temperature, from));
    expect(usual).toBeGreaterThan(cool ?? Infinity);
    expect(hot).toBeGreaterThan(usual ?? Infinity);
  }
});

test('the last message weighs most, and nobody says again what was said', () => {
  const messages = [
    { role: 'user', content: 'Which planets have rings?' },
    { role: 'assistant', content: 'All four giants.' },
    { role: 'user', content: 'And how do I bake bread without yeast?' },
  ] as const;
  for (const seed of seeds) expect(bread).toContain(draw(corpus, asked('', seed, { messages })));
  const again = [...messages.slice(0, 2), { role: 'user', content: 'Which planets have rings?' }] as const;
  expect(new Set(seeds.map((seed) => draw(corpus, asked('', seed, { messages: again }))))).toEqual(
    new Set(rings.filter((text) => text !== 'All four giants.')),
  );
});

test('for the turn of the user it has what users said', () => {
  const first = seeds.map((seed) => draw(corpus, { messages: [], role: 'user', parameters: {}, seed }));
  expect(new Set(first).size).toBe(4);
  expect(first).not.toContain('How much do I get back?');
  const messages = [
    { role: 'user', content: 'My bus is late.' },
    { role: 'assistant', content: 'Ask for a refund then.' },
  ] as const;
  const next = seeds.map((seed) => draw(corpus, { messages, role: 'user', parameters: { temperature: 0.1 }, seed }));
  expect(next).toContain('How much do I get back?');
});

test('the demo has something to say to anything, in either turn', async () => {
  for (const content of ['', '42?', 'asdf qwer', '你好', '안녕하세요', 'About swifts', 'x'.repeat(50_000)])
    for (const role of ['user', 'assistant'] as const)
      expect((await whole(asked(content, 3, { role }), demo)).text.trim()).not.toBe('');
});

test.each(english)('in either turn the demo answers %j in its script', async (content) => {
  for (const role of ['user', 'assistant'] as const)
    for (const temperature of [0.3, 1, 2]) {
      const texts = await textsOf(content, { role, parameters: { temperature } });
      expect(Math.min(...share(texts, /\p{Script=Latin}/gu))).toBeGreaterThan(0.5);
    }
});

test('the demo keeps to the other scripts that it knows, and tells Japanese from Chinese', async () => {
  for (const [content, letters] of [
    ['ありがとうございます', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
    ['明日東京駅前集合です', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
    ['你好', /\p{Script=Han}/gu],
    ['ما هي عاصمة فرنسا؟', /\p{Script=Arabic}/gu],
    ['שלום', /\p{Script=Hebrew}/gu],
    ['नमस्ते', /\p{Script=Devanagari}/gu],
    ['Привет, как дела?', /\p{Script=Cyrillic}/gu],
  ] as const)
    expect(Math.min(...share(await textsOf(content), letters)), content).toBeGreaterThan(0.25);
});

test('what was recorded for just this prompt may be in another script, and what has no letters keeps to the script before', () => {
  const translated = seeds.map((seed) => draw(corpus, asked('Translate into Russian: I was just going to', seed)));
  expect(new Set(translated)).toEqual(new Set(russian));
  for (const [said, cyrillic] of [
    [['Which planets?', 'Qwxz.', '42?'], false],
    [['Which planets?', 'Да.', '42?'], true],
  ] as const) {
    const messages = said.map((content, at) => ({
      role: at === 1 ? ('assistant' as const) : ('user' as const),
      content,
    }));
    for (const seed of seeds)
      expect(/\p{Script=Cyrillic}/u.test(draw(corpus, asked('', seed, { messages })) ?? '')).toBe(cyrillic);
  }
});

test('four seeds in a row give four texts, and of four at random most draws give three', async () => {
  for (const content of [...english, 'Explain photosynthesis to a 10-year-old in exactly three sentences.'])
    for (const temperature of [0.3, 1]) {
      const draws = async (of: (seed: number) => number[]): Promise<number[]> =>
        Promise.all(
          seeds.map(async (seed) => new Set(await textsOf(content, { parameters: { temperature } }, of(seed))).size),
        );
      const inARow = await draws((seed) => [seed, seed + 1, seed + 2, seed + 3]);
      expect(inARow.filter((size) => size === 4).length, content).toBeGreaterThan(0.9 * seeds.length);
      const atRandom = await draws(() => Array.from({ length: 4 }, () => Math.floor(random() * 2 ** 31)));
      expect(atRandom.filter((size) => size >= 3).length, content).toBeGreaterThan(0.5 * seeds.length);
    }
});

test('it streams word by word at its pace, stops when told, and keeps to a limit', async () => {
  const begun = performance.now();
  const slow = createReplay({ wordsPerSecond: 100 });
  const limited = await whole(asked('Explain photosynthesis', 1, { parameters: { maxTokens: 5 } }), slow);
  expect(limited.pieces).toBe(5);
  expect(limited.reason).toBe('length');
  expect(performance.now() - begun).toBeGreaterThan(45);

  const stopping = new AbortController();
  const writing = createReplay({ wordsPerSecond: 0.01 }).write(asked('planets', 1), stopping.signal);
  const next = writing.next();
  setTimeout(() => stopping.abort(new Error('stopped')), 50);
  await expect(next).rejects.toThrow('stopped');
});
