import { expect, test } from 'vitest';
import type { Asked } from '../../server/models/provider.ts';
import { corpusOf, createReplay, draw } from '../../server/models/providers/replay.ts';

const corpus = corpusOf([
  {
    messages: [{ role: 'user', content: 'How do I bake bread without yeast?' }],
    completions: [{ content: 'Use soda.' }, { content: 'Use sourdough.' }, { content: 'Use baking powder.' }],
  },
  {
    messages: [{ role: 'user', content: 'Which planets have rings?' }],
    completions: [{ content: 'Saturn and three others.' }, { content: 'All four giants.' }],
  },
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
  wordsPerSecond = Infinity,
): Promise<{ text: string; pieces: number; reason: string }> {
  const writing = createReplay({ wordsPerSecond }).write(asked, AbortSignal.timeout(10_000));
  let text = '';
  for (let pieces = 0; ; pieces += 1) {
    const { done, value } = await writing.next();
    if (done) return { text, pieces, reason: value.finishReason };
    text += value;
  }
}

const seeds = Array.from({ length: 40 }, (_, seed) => seed);

test('answers with what was recorded for the likest prompt, another with another seed, the same with the same', () => {
  const texts = seeds.map((seed) => draw(corpus, asked('How can one bake bread with no yeast at all?', seed)));
  expect(new Set(texts)).toEqual(new Set(['Use soda.', 'Use sourdough.', 'Use baking powder.']));
  expect(seeds.map((seed) => draw(corpus, asked('How can one bake bread with no yeast at all?', seed)))).toEqual(texts);
});

test('a higher temperature strays further', () => {
  const strayed = (temperature: number): number =>
    seeds.filter((seed) => {
      const text = draw(corpus, asked('Bake bread on planets', seed, { parameters: { temperature } }));
      return !text?.startsWith('Use');
    }).length;
  expect(strayed(2)).toBeGreaterThan(strayed(0.05));
});

test('the last message weighs most, and nobody says again what was said', () => {
  const messages = [
    { role: 'user', content: 'Which planets have rings?' },
    { role: 'assistant', content: 'All four giants.' },
    { role: 'user', content: 'And how do I bake bread without yeast?' },
  ] as const;
  for (const seed of seeds) expect(draw(corpus, asked('', seed, { messages }))).toMatch(/^Use/);
  const rings = [...messages.slice(0, 2), { role: 'user', content: 'Which planets have rings?' }] as const;
  for (const seed of seeds) expect(draw(corpus, asked('', seed, { messages: rings }))).toBe('Saturn and three others.');
});

test('for the turn of the user it has what users said', () => {
  const first = seeds.map((seed) => draw(corpus, { messages: [], role: 'user', parameters: {}, seed }));
  expect(new Set(first).size).toBe(3);
  const messages = [
    { role: 'user', content: 'My bus is late.' },
    { role: 'assistant', content: 'Ask for a refund then.' },
  ] as const;
  for (const seed of seeds)
    expect(draw(corpus, { messages, role: 'user', parameters: { temperature: 0.1 }, seed })).toBe(
      'How much do I get back?',
    );
});

test('the demo has something to say to anything, in either turn', async () => {
  for (const content of ['', 'asdf qwer', '你好', 'Summarise this paragraph about swifts', 'x'.repeat(50_000)])
    for (const role of ['user', 'assistant'] as const)
      expect((await whole(asked(content, 3, { role }))).text.trim()).not.toBe('');
});

test('it streams word by word at its pace, stops when told, and keeps to a limit', async () => {
  const begun = performance.now();
  const limited = await whole(asked('planets', 1, { parameters: { maxTokens: 5 } }), 100);
  expect(limited.pieces).toBe(5);
  expect(limited.reason).toBe('length');
  expect(performance.now() - begun).toBeGreaterThan(45);

  const stopping = new AbortController();
  const writing = createReplay({ wordsPerSecond: 0.01 }).write(asked('planets', 1), stopping.signal);
  const next = writing.next();
  setTimeout(() => stopping.abort(new Error('stopped')), 50);
  await expect(next).rejects.toThrow('stopped');
});
