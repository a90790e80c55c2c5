import { printOf } from '../../samplings/alike.ts';
import { hash32, mix32 } from '../roots/mixing.ts';
import { Seen } from './seen.ts';

/*
 * Whether data holds what a model is to be tested with: by runs of 13 words that both have, as GPT-3's authors did (Brown and others:
 * Language models are few-shot learners, 2020, appendix C: without punctuation, in small letters; 13 words, and no fewer than 8). In
 * scripts without blanks a word is a letter (samplings/alike.ts).
 */
const longRun = 13;
const shortRun = 8;

/** Hashes of runs of words. */
export type Grams = Seen;

/**
 * Adds the runs of a prompt: of 13 words; of 8 where it has fewer than 13; all of it where it has fewer than 8. False where it
 * has no words.
 */
export function addPrompt(grams: Grams, prompt: string): boolean {
  const { words } = printOf(prompt);
  if (words.length === 0) return false;
  const length = words.length >= longRun ? longRun : words.length >= shortRun ? shortRun : words.length;
  eachRun(hashesOf(words), length, (high, low) => {
    grams.addHalves(high, low);
    return false;
  });
  return true;
}

/**
 * Whether one of the texts holds a run of a prompt. A prompt of fewer than 8 words is held by a text that is the same, once
 * normalised, and not by one in which those few words stand among others.
 */
export function contaminated(grams: Grams, texts: readonly string[]): boolean {
  if (grams.size === 0) return false;
  const isThere = (high: number, low: number): boolean => grams.hasHalves(high, low);
  return texts.some((text) => {
    const { words } = printOf(text);
    const hashes = hashesOf(words);
    const lengths = words.length < shortRun ? [words.length] : [shortRun, longRun];
    return lengths.some((length) => eachRun(hashes, length, isThere));
  });
}

/** Two hashes for each word, one after the other. */
function hashesOf(words: readonly string[]): Int32Array {
  const hashes = new Int32Array(2 * words.length);
  for (const [at, word] of words.entries()) {
    hashes[2 * at] = hash32(word);
    hashes[2 * at + 1] = hash32(word, 0x2f0b4c47);
  }
  return hashes;
}

const highBase = 0x01000193;
const lowBase = 0x5bd1e995;

/**
 * Calls back with the hash of each run of so many words, in two halves, until it is told to stop; says whether it was. A rolling
 * hash (Karp, Rabin 1987), so that the length of the runs costs nothing.
 */
function eachRun(words: Int32Array, length: number, on: (high: number, low: number) => boolean): boolean {
  if (length === 0) return false;
  let [highTop, lowTop] = [1, 1];
  for (let times = 1; times < length; times += 1) {
    highTop = Math.imul(highTop, highBase);
    lowTop = Math.imul(lowTop, lowBase);
  }
  let [high, low] = [0, 0];
  for (let at = 0; 2 * at < words.length; at += 1) {
    if (at >= length) {
      high = (high - Math.imul(highTop, words[2 * (at - length)] ?? 0)) | 0;
      low = (low - Math.imul(lowTop, words[2 * (at - length) + 1] ?? 0)) | 0;
    }
    high = (Math.imul(high, highBase) + (words[2 * at] ?? 0)) | 0;
    low = (Math.imul(low, lowBase) + (words[2 * at + 1] ?? 0)) | 0;
    if (at + 1 >= length && on(mix32(high ^ length), mix32(low + length))) return true;
  }
  return false;
}
