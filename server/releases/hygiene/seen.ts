import { hash } from 'node:crypto';
import { halves, joined } from '../roots/mixing.ts';

/** A number of 64 bits in two signed halves, the higher first. */
export type Key = readonly [high: number, low: number];

/** The first 64 bits of the SHA-1 of a text. */
export function keyOf(text: string): Key {
  const hex = hash('sha1', text, 'hex');
  return [Number.parseInt(hex.slice(0, 8), 16) | 0, Number.parseInt(hex.slice(8, 16), 16) | 0];
}

const firstSlots = 1 << 10;
/** It grows where more than three in four slots are taken. */
const fullest = 0.75;

/**
 * A set of numbers of 64 bits that are hashes: spread evenly, whoever chose what was hashed. Open addressing with linear probing
 * (Knuth, TAOCP 3, 6.4, algorithm L) in one typed array, 8 bytes a slot, which doubles when it is three quarters full: a million
 * numbers take 16 MB, and 24 MB while it grows to that.
 */
export class Seen {
  /** Two halves a slot; two zeros are an empty one. */
  #slots = new Int32Array(2 * firstSlots);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Bytes that it takes. */
  get bytes(): number {
    return this.#slots.byteLength;
  }

  /** False where it was there before. */
  add(key: bigint): boolean {
    return this.addHalves(...halves(key));
  }

  has(key: bigint): boolean {
    return this.hasHalves(...halves(key));
  }

  /** As `add`, of a number in two signed halves of 32 bits. */
  addHalves(high: number, low: number): boolean {
    const [a, b] = filled(high, low);
    const slot = this.#find(a, b);
    if (this.#taken(slot)) return false;
    this.#slots[slot] = a;
    this.#slots[slot + 1] = b;
    this.#size += 1;
    if (2 * this.#size > fullest * this.#slots.length) this.#grow();
    return true;
  }

  hasHalves(high: number, low: number): boolean {
    const [a, b] = filled(high, low);
    return this.#taken(this.#find(a, b));
  }

  /** All numbers, signed, in no order, so many at a time. */
  *pages(size: number): Generator<bigint[]> {
    let page: bigint[] = [];
    for (let slot = 0; slot < this.#slots.length; slot += 2) {
      if (!this.#taken(slot)) continue;
      page.push(joined(this.#slots[slot] ?? 0, this.#slots[slot + 1] ?? 0));
      if (page.length < size) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  #taken(slot: number): boolean {
    return this.#slots[slot] !== 0 || this.#slots[slot + 1] !== 0;
  }

  /** The slot in which it is, or into which it belongs. */
  #find(high: number, low: number): number {
    // The number of slots is a power of two.
    const mask = this.#slots.length - 2;
    let slot = (low << 1) & mask;
    while (this.#taken(slot) && (this.#slots[slot] !== high || this.#slots[slot + 1] !== low)) slot = (slot + 2) & mask;
    return slot;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Int32Array(2 * before.length);
    for (let at = 0; at < before.length; at += 2) {
      const high = before[at] ?? 0;
      const low = before[at + 1] ?? 0;
      if (high === 0 && low === 0) continue;
      const slot = this.#find(high, low);
      this.#slots[slot] = high;
      this.#slots[slot + 1] = low;
    }
  }
}

/** Zero would be an empty slot: it is taken for one. */
function filled(high: number, low: number): [number, number] {
  return high === 0 && low === 0 ? [0, 1] : [high, low];
}
