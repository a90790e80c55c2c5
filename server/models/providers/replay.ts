import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Message, message } from '../../../shared/conversations.ts';
import { mulberry32 } from '../../seeded.ts';
import { type Asked, ModelFailure, type Writing } from '../provider.ts';

/*
 * The demo's model: it answers with what was recorded in the files of the demo project. What answers a path is drawn from
 * the recorded turns of that side, the likelier the more alike the paths before them are (TF-IDF over words, cosine). All
 * that is drawn is drawn from the seed.
 */
const folder = new URL('../../projects/demo/', import.meta.url);
const files = ['comparisons.jsonl', 'conversations.jsonl'];

const line = z.object({
  messages: z.array(message),
  completions: z.array(z.object({ content: z.string() })).default([]),
});

/** Weight of a message in what a path is about, against the message after it. */
const fading = 0.3;
/** How sharply likeness decides at temperature 1. */
const sharpness = 10;
/** Below this, temperature would leave nothing to chance. */
const leastTemperature = 0.05;

type Vector = ReadonlyMap<string, number>;

interface Turn {
  role: 'user' | 'assistant';
  text: string;
  before: Vector;
}

/** Turns with the words of the paths before them, and how telling each word is. */
export interface Corpus {
  turns: readonly Turn[];
  rarity: ReadonlyMap<string, number>;
}

/** @param wordsPerSecond pace of the stream; `Infinity` gives the whole text at once. */
export function createReplay({ wordsPerSecond }: { wordsPerSecond: number }): {
  write(asked: Asked, signal: AbortSignal): Writing;
} {
  let corpus: Promise<Corpus> | null = null;

  return {
    async *write(asked, signal) {
      signal.throwIfAborted();
      const text = draw(await (corpus ??= readCorpus()), asked);
      if (text === null) throw new ModelFailure('empty', 'The demo has nothing recorded to say here.');
      const words = text.split(/(?<=\s)(?=\S)/);
      const most = asked.parameters.maxTokens ?? Infinity;
      const finishReason = words.length > most ? 'length' : 'stop';
      const shown = words.slice(0, most);
      if (wordsPerSecond === Infinity) yield shown.join('');
      else
        for (const word of shown) {
          await sleep(1_000 / wordsPerSecond, undefined, { signal }).catch(() => signal.throwIfAborted());
          yield word;
        }
      return { finishReason, usage: null };
    },
  };
}

/** The turn that these messages and this seed give; null where nothing is recorded for that side. */
export function draw({ turns, rarity }: Corpus, { messages, role, parameters, seed }: Asked): string | null {
  const said = new Set(messages.map(({ content }) => content));
  const candidates = turns.filter((turn) => turn.role === role && !said.has(turn.text));
  const asked = vectorOf(messages, rarity);
  const heat = Math.max(parameters.temperature ?? 1, leastTemperature);
  const weights = candidates.map(({ before }) => Math.exp((cosine(asked, before) * sharpness) / heat));
  let left = mulberry32(seed)() * weights.reduce((sum, weight) => sum + weight, 0);
  const at = weights.findIndex((weight) => (left -= weight) < 0);
  return (candidates[at] ?? candidates.at(-1))?.text ?? null;
}

async function readCorpus(): Promise<Corpus> {
  const texts = await Promise.all(files.map((name) => readFile(new URL(name, folder), 'utf8')));
  const lines = texts.flatMap((text) => text.split('\n').filter(Boolean));
  return corpusOf(lines.map((text) => line.parse(JSON.parse(text))));
}

export function corpusOf(dialogues: readonly z.output<typeof line>[]): Corpus {
  const recorded = dialogues.flatMap(({ messages, completions }) => [
    ...messages.map(({ role, content }, at) => ({ role, text: content, path: messages.slice(0, at) })),
    ...completions.map(({ content }) => ({ role: 'assistant' as const, text: content, path: messages })),
  ]);
  const rarity = rarityOf(dialogues.map(({ messages }) => messages.map(({ content }) => content).join('\n')));
  const turns = recorded.flatMap(({ role, text, path }) =>
    role === 'system' ? [] : [{ role, text, before: vectorOf(path, rarity) }],
  );
  return { turns, rarity };
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
}

/** Inverse document frequency, smoothed: ln((1 + n) / (1 + df)). */
function rarityOf(documents: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const document of documents)
    for (const word of new Set(wordsOf(document))) counts.set(word, (counts.get(word) ?? 0) + 1);
  return new Map([...counts].map(([word, count]) => [word, Math.log((1 + documents.length) / (1 + count))]));
}

/** A path as a vector of length 1 over the words that the corpus knows; the last message weighs most. */
function vectorOf(messages: readonly Pick<Message, 'content'>[], rarity: ReadonlyMap<string, number>): Vector {
  const sums = new Map<string, number>();
  for (const [age, { content }] of messages.toReversed().entries())
    for (const word of wordsOf(content)) {
      const weight = (rarity.get(word) ?? 0) * fading ** age;
      if (weight > 0) sums.set(word, (sums.get(word) ?? 0) + weight);
    }
  const length = Math.hypot(...sums.values());
  return length === 0 ? sums : new Map([...sums].map(([word, weight]) => [word, weight / length]));
}

/** Of two vectors of length 1; two that are empty are alike, as the beginnings of dialogues are. */
function cosine(a: Vector, b: Vector): number {
  if (a.size === 0 && b.size === 0) return 1;
  let sum = 0;
  for (const [word, weight] of a) sum += weight * (b.get(word) ?? 0);
  return sum;
}
