import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { type Message, message } from '../../../shared/conversations.ts';
import { type Asked, ModelFailure, type Writing } from '../provider.ts';

/*
 * The demo's model: it answers with what was recorded in the files of the demo project. What answers a path is drawn from
 * the recorded turns of that side, in the script of what was said last, the likelier the more alike the paths before them
 * are (TF-IDF over words, cosine). The seed alone decides, and seeds that follow one another give different texts.
 */
const folder = new URL('../../projects/demo/', import.meta.url);
const files = ['comparisons.jsonl', 'conversations.jsonl'];

const line = z.object({
  messages: z.array(message),
  completions: z.array(z.object({ content: z.string() })).default([]),
});

/** Weight of a message in what a path is about, against the message after it. */
const fading = 0.3;
/** How sharply likeness decides at temperature 1, at most. */
const sharpness = 10;
/** Below this, temperature would leave nothing to chance. */
const leastTemperature = 0.3;
/** One is drawn of so many turns, the likest, and of those that are as alike as the last of them. */
const drawnFrom = 12;
/** No text is drawn more often, where there are more than a few. */
const largestShare = 1 / 4;
/** From seed to seed, round a circle of length 1: any four in a row lie a largest share apart, and many cover it evenly. */
const stride = largestShare + 0.001;

/** Kana is written with Han, and tells Japanese from Chinese. */
const kana = '\\p{Script=Hiragana}\\p{Script=Katakana}';
const hasKana = new RegExp(`[${kana}]`, 'u');
const scripts = ['Latin', 'Cyrillic', 'Greek', 'Arabic', 'Hebrew', 'Devanagari', 'Bengali', 'Thai', 'Hangul', 'Han'];
const letters = scripts.map((name) => new RegExp(`[\\p{Script=${name}}${name === 'Han' ? kana : ''}]`, 'gu'));

type Vector = ReadonlyMap<string, number>;

interface Turn {
  role: 'user' | 'assistant';
  text: string;
  script: string | null;
  /** What it answers, the last of the path before it. */
  prompt: string | undefined;
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
  const asked = vectorOf(messages, rarity);
  const candidates = turns
    .filter((turn) => turn.role === role && !said.has(turn.text))
    .map((turn) => ({ ...turn, likeness: cosine(asked, turn.before) }))
    .toSorted((a, b) => b.likeness - a.likeness);
  const script = messages.reduce<string | null>((before, { content }) => scriptOf(content) ?? before, null);
  const prompt = messages.at(-1)?.content;
  // What was recorded for just this prompt may be in another script: a translation, say.
  const readable = candidates.filter((turn) => turn.script === (script ?? turn.script) || turn.prompt === prompt);
  const fitting = readable.length > 0 ? readable : candidates;
  const alike = fitting.filter(({ likeness }) => likeness > 0).length;
  const last = fitting[Math.max(1 / largestShare, Math.min(alike, drawnFrom)) - 1];
  const likest = fitting.filter(({ likeness }) => likeness >= (last?.likeness ?? 0));
  const heat = Math.max(parameters.temperature ?? 1, leastTemperature);
  const weights = weigh(
    likest.map(({ likeness }) => likeness),
    heat,
  );
  let left = ((seed * stride) % 1) * total(weights);
  const at = weights.findIndex((weight) => (left -= weight) < 0);
  return (likest[at] ?? likest.at(-1))?.text ?? null;
}

/**
 * How likely each is at this temperature; the likest comes first and weighs 1. Where one stands out so far that other seeds
 * would give it again, likeness decides less sharply, and by as much at any temperature: a hotter model still strays further.
 */
function weigh(likenesses: readonly number[], temperature: number): number[] {
  const most = likenesses[0] ?? 0;
  const weightsAt = (sharp: number, heat: number): number[] =>
    likenesses.map((likeness) => Math.exp(((likeness - most) * sharp) / heat));
  const least = Math.min(1 / largestShare, 0.9 * likenesses.length);
  let sharp = sharpness;
  while (total(weightsAt(sharp, leastTemperature)) < least) sharp *= 0.9;
  return weightsAt(sharp, temperature);
}

function total(weights: readonly number[]): number {
  return weights.reduce((sum, weight) => sum + weight, 0);
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
    role === 'system'
      ? []
      : [{ role, text, script: scriptOf(text), prompt: path.at(-1)?.content, before: vectorOf(path, rarity) }],
  );
  return { turns, rarity };
}

/** The script of most of the letters; null where there are none. */
function scriptOf(text: string): string | null {
  const counts = letters.map((pattern) => text.match(pattern)?.length ?? 0);
  const most = Math.max(...counts);
  if (most === 0) return null;
  const name = scripts[counts.indexOf(most)] ?? null;
  return name === 'Han' && hasKana.test(text) ? 'kana' : name;
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
