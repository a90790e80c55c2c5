/** Words of fewer than so many are too few to tell texts apart by three of them at a time. */
export const shortText = 20;
const similar = 0.9;

/** What of a text counts when it is held against others; made once for each. */
export interface Print {
  /** In small letters, blanks run together, without punctuation, save what stands before a digit: -5 is not 5. */
  normal: string;
  words: readonly string[];
}

/** Scripts that are written without blanks: each letter counts as a word. */
const unspaced = ['Han', 'Hiragana', 'Katakana', 'Thai', 'Lao', 'Khmer', 'Myanmar']
  .map((name) => `\\p{Script=${name}}`)
  .join('');
const word = new RegExp(`[${unspaced}]|[^\\s${unspaced}]+`, 'gu');

export function printOf(text: string): Print {
  const words =
    text
      .normalize('NFKC')
      .toLowerCase()
      .replace(/\p{P}(?!\p{N})/gu, ' ')
      .match(word) ?? [];
  return { normal: words.join(' ') || text.trim(), words };
}

/**
 * Whether two texts are so much the same that ranking one above the other would say nothing: they are equal once
 * normalised, or the Jaccard similarity of their sets of three words in a row is at least 0.9; of three characters in a
 * row where either has fewer than 20 words. A text with nothing but punctuation is taken as it is.
 */
export function alike(a: Print, b: Print): boolean {
  if (a.normal === b.normal) return true;
  const short = Math.min(a.words.length, b.words.length) < shortText;
  return short
    ? jaccard(threes([...a.normal]), threes([...b.normal])) >= similar
    : jaccard(threes(a.words), threes(b.words)) >= similar;
}

export function likeAny(print: Print, others: readonly Print[]): boolean {
  return others.some((other) => alike(print, other));
}

function threes(parts: readonly string[]): Set<string> {
  return new Set(parts.map((part, at) => `${part} ${parts[at + 1] ?? ''} ${parts[at + 2] ?? ''}`));
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  // No overlap of two sets is greater than the smaller one: most texts are told apart by their length.
  if (Math.min(a.size, b.size) < similar * Math.max(a.size, b.size)) return 0;
  let both = 0;
  for (const part of a) if (b.has(part)) both += 1;
  return both / (a.size + b.size - both);
}
