import { hash } from 'node:crypto';
import { printOf, type Print, shortText } from '../../samplings/alike.ts';
import { mulberry32 } from '../../seeded.ts';
import { hash32, joined, mix32 } from './mixing.ts';

/*
 * What is made here is stored, and decides on which side of a split a conversation stands. None of it may ever change, nor
 * may `printOf`: texts from before and from after would no longer be found to be alike.
 */

/**
 * 21 bands of 9 rows each. Two texts whose sets of shingles have the Jaccard similarity s share a band with the probability
 * 1 - (1 - s^9)^21: 0.95 at 0.8, 0.9999 at 0.9, 0.36 at 0.65, 0.04 at 0.5 and 0.0004 at 0.3. Fewer rows in all cannot have both
 * more than 0.95 at 0.8 and less than 0.05 at 0.5.
 */
export const bandCount = 21;
export const bandRows = 9;
const permutations = bandCount * bandRows;

/** How a conversation begins. */
export interface Root {
  /** A UUID of version 8 (RFC 9562): 122 bits of SHA-256. The same text, once normalised, has the same one. */
  readonly id: string;
  /** Signed numbers of 64 bits. Texts with one in common are taken to be nearly the same. */
  readonly bands: readonly bigint[];
}

/**
 * The root of a conversation. Its id is that of the system message and the user's first message together. Its bands are of the
 * user's first message alone: one long system message above many questions would make them all alike, and one question
 * below different system messages would seem to be several.
 */
export function rootOf(system: string | null, user: string): Root {
  const print = printOf(user);
  const whole = system === null ? print.normal : `${printOf(system).normal}\n\n${print.normal}`;
  return { id: idOf(whole), bands: bandsOf(shinglesOf(print)) };
}

function idOf(text: string): string {
  const bytes = hash('sha256', text, 'buffer');
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/**
 * Hashes of all runs of three words; of three characters where there are fewer than 20 words. (Leskovec, Rajaraman, Ullman:
 * Mining of Massive Datasets, 3.2.) What has fewer than three has one, of all that there is.
 */
export function shinglesOf({ words, normal }: Print): Int32Array {
  const parts =
    words.length < shortText
      ? Int32Array.from([...normal].map((character) => mix32(character.codePointAt(0) ?? 0)))
      : Int32Array.from(words, (word) => hash32(word));
  const shingles = new Int32Array(Math.max(1, parts.length - 2));
  // A typed array gives a number for each index below its length.
  for (let at = 0; at < shingles.length; at += 1)
    shingles[at] = mix32(chained(chained(parts[at] ?? 0, parts[at + 1] ?? 0), parts[at + 2] ?? 0));
  return shingles;
}

function chained(before: number, next: number): number {
  return (Math.imul(before, 0x9e3779b1) + next) | 0;
}

/** For each permutation x -> factor * x + summand (mod 2^32); the factors are odd, so that it is one. */
const factors = new Int32Array(permutations);
const summands = new Int32Array(permutations);
const draw = mulberry32(1997);
for (let at = 0; at < permutations; at += 1) {
  factors[at] = Math.floor(draw() * 2 ** 32) | 1;
  summands[at] = Math.floor(draw() * 2 ** 32);
}

/**
 * MinHash: of each permutation, the least value that a shingle has. That two sets have the same one is as probable as they are
 * similar by Jaccard (Broder: On the resemblance and containment of documents, 1997; that linear permutations do: Broder and
 * others: Min-wise independent permutations, 1998). Then locality-sensitive hashing: values taken together band by band
 * (Leskovec and others, 3.4), so that what shares a band is found by looking it up.
 */
function bandsOf(shingles: Int32Array): bigint[] {
  const least = new Int32Array(permutations).fill(0x7fffffff);
  for (const shingle of shingles)
    for (let at = 0; at < permutations; at += 1) {
      const value = (Math.imul(factors[at] ?? 0, shingle) + (summands[at] ?? 0)) | 0;
      if (value < (least[at] ?? 0)) least[at] = value;
    }
  return Array.from({ length: bandCount }, (_, band) => {
    let high = mix32(band + 1);
    let low = mix32(band + 0x5bd1e995);
    for (let at = band * bandRows; at < (band + 1) * bandRows; at += 1) {
      const value = least[at] ?? 0;
      high = mix32(chained(high, value));
      low = (Math.imul(low, 0x85ebca77) + mix32(value)) | 0;
    }
    return joined(high, mix32(low));
  });
}
