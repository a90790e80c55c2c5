import { hash } from 'node:crypto';
import type { ReleaseDefinition, Split } from '../../shared/releases.ts';

/**
 * Where a group stands on a line from 0 up to, not including, 100: SHA-256 of it and the seed, of which the first 53 bits are
 * a share of the line. Nothing else goes into it, so that every kind of dataset has a group in the same place.
 */
export function placeOf(group: string, seed: number): number {
  const bits = hash('sha256', `${seed}:${group}`, 'buffer').readBigUInt64BE(0) >> 11n;
  return (Number(bits) / 2 ** 53) * 100;
}

/** Rows of one group mostly follow each other. */
let last = { group: '', seed: Number.NaN, place: 0 };

/**
 * The split of a row; null where it goes nowhere. A row that held-out trainers alone made is `held_out`; one that they made
 * together with others goes nowhere, for it belongs on both sides. All others go by the group of their root: `test` lies at the
 * beginning of the line and `validation` at its end, with `train` between them next to `test`, so that a larger test or validation
 * set takes its groups from `train` (or from what was left out), and neither takes any from the other.
 */
export function splitOf(
  group: string,
  seed: number,
  { train, validation, test, heldOutTrainers }: ReleaseDefinition['split'],
  trainers: readonly string[] = [],
): Split | null {
  if (heldOutTrainers.length > 0 && trainers.length > 0) {
    const heldOut = trainers.filter((id) => heldOutTrainers.includes(id)).length;
    if (heldOut > 0) return heldOut === trainers.length ? 'held_out' : null;
  }
  if (last.group !== group || last.seed !== seed) last = { group, seed, place: placeOf(group, seed) };
  const { place } = last;
  if (place < test) return 'test';
  if (place >= 100 - validation) return 'validation';
  // Shares that are 100 together leave nothing out, whatever their sum loses in binary fractions.
  return place < test + train || test + train + validation >= 100 - 1e-6 ? 'train' : null;
}
