/**
 * How far a text is from the suggestions that it began as. Pure, shared by the page that shows it while a person writes and
 * the server that records it and asks for a share of own words.
 */

/** Cells of the table of distances that are worked out at most; 100 million are about 20 ms. */
const maxCells = 100_000_000;

/** Of scripts that are written without blanks, each letter is a word. */
const word =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]\p{M}*|(?:(?![\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}])[\p{L}\p{N}\p{M}]|(?<=\p{L})['’](?=\p{L}))+/gu;
/** Words, and each thing between them. */
const piece = new RegExp(`${word.source}|\\s+|[^]`, 'gu');

/**
 * The Levenshtein distance of two texts, divided by the length of the longer one: from 0, the same, to 1, nothing in common.
 *
 * It is exact, over characters (code points). What both begin and end with costs nothing; where what lies between is so
 * different and so long that the table would have more than 100 million cells (10,000 characters against as many), it is
 * over words and what stands between them instead, and beyond 10,000 of those it is their bag distance, which looks only at
 * how many of each there are and is never more than the Levenshtein distance. So the cost stays bounded for texts of any
 * length.
 */
export function editDistance(a: string, b: string): number {
  if (a === b) return 0;
  return over([...a], [...b]) ?? over(piecesOf(a), piecesOf(b)) ?? bagDistance(piecesOf(a), piecesOf(b));
}

/** A run of so many words that a suggestion has too is the suggestion's. */
const run = 3;

/**
 * Of a hundred words of `text`, how many do not come from `inserted`, rounded down; 100 for a text without words.
 *
 * A word comes from an inserted text if it stands in a run of three words that the inserted text has too, whatever their
 * case and the marks between them; of an inserted text with fewer than three words, in a run of all of them. So moving what
 * was inserted does not make it one's own, and a single word that both use does not count as taken. The cost grows with
 * the lengths alone.
 */
export function ownWords(text: string, inserted: readonly string[]): number {
  const words = wordsOf(text);
  if (words.length === 0) return 100;
  const taken = new Set<string>();
  for (const source of inserted.map(wordsOf)) {
    const length = Math.min(run, source.length);
    for (let at = 0; length > 0 && at + length <= source.length; at += 1) taken.add(runAt(source, at, length));
  }
  let own = 0;
  /** Words before this one are in a run that was taken. */
  let takenTo = 0;
  for (let at = 0; at < words.length; at += 1) {
    for (let length = run; length > 0 && takenTo < at + length; length -= 1) {
      if (at + length <= words.length && taken.has(runAt(words, at, length))) takenTo = at + length;
    }
    if (at >= takenTo) own += 1;
  }
  return Math.floor((100 * own) / words.length);
}

const wordsOf = (text: string): string[] => text.normalize('NFKC').toLowerCase().match(word) ?? [];
const piecesOf = (text: string): string[] => text.match(piece) ?? [];
const runAt = (words: readonly string[], at: number, length: number): string => words.slice(at, at + length).join(' ');

/** The normalized distance, or null where it would cost too much. */
function over(a: readonly string[], b: readonly string[]): number | null {
  const shorter = Math.min(a.length, b.length);
  let start = 0;
  while (start < shorter && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < shorter - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const [from, to] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  if (from.length * to.length > maxCells) return null;
  return levenshtein(from, to) / Math.max(a.length, b.length);
}

/**
 * 32 rows of the table at a time, as bits that say where a cell is one more or one less than the one above it.
 * Myers 1999, "A fast bit-vector algorithm for approximate string matching based on dynamic programming", in the form of
 * Hyyrö 2003, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances".
 */
function levenshtein(a: readonly string[], b: readonly string[]): number {
  const ids = new Map<string, number>();
  const idsOf = (units: readonly string[]): Int32Array =>
    Int32Array.from(units, (unit) => {
      const id = ids.get(unit) ?? ids.size;
      ids.set(unit, id);
      return id;
    });
  const [rows, columns] = [idsOf(a), idsOf(b)];
  /** Per column, how much the last row done is more (1) or less (-1) there than in the column before. */
  const across = new Int8Array(columns.length).fill(1);
  const equal = new Int32Array(ids.size);
  for (let top = 0; top < rows.length; top += 32) {
    const block = rows.subarray(top, top + 32);
    for (const [row, id] of block.entries()) equal[id] = (equal[id] ?? 0) | (1 << row);
    const bottom = block.length - 1;
    let more = -1;
    let less = 0;
    for (let column = 0; column < columns.length; column += 1) {
      const above = across[column] ?? 0;
      const lessAbove = above >>> 31;
      const same = equal[columns[column] ?? 0] ?? 0;
      const vertical = same | less;
      const matched = same | lessAbove;
      const horizontal = (((matched & more) + more) ^ more) | matched;
      const moreAcross = less | ~(horizontal | more);
      const lessAcross = more & horizontal;
      across[column] = ((moreAcross >>> bottom) & 1) - ((lessAcross >>> bottom) & 1);
      const moreDown = (moreAcross << 1) | (above === 1 ? 1 : 0);
      more = (lessAcross << 1) | lessAbove | ~(vertical | moreDown);
      less = moreDown & vertical;
    }
    for (const id of block) equal[id] = 0;
  }
  return across.reduce((distance, step) => distance + step, rows.length);
}

/** Bartolini, Ciaccia and Patella 2002, "String matching with metric trees using an approximate distance". */
function bagDistance(a: readonly string[], b: readonly string[]): number {
  const surplus = new Map<string, number>();
  for (const unit of a) surplus.set(unit, (surplus.get(unit) ?? 0) + 1);
  let shared = 0;
  for (const unit of b) {
    const left = surplus.get(unit) ?? 0;
    if (left > 0) shared += 1;
    surplus.set(unit, left - 1);
  }
  const longer = Math.max(a.length, b.length);
  // The same in another order is not the same.
  return Math.max(1, longer - shared) / longer;
}
