import type { Database } from '../db/database.ts';
import { Batch } from './batch.ts';
import type { Format } from './formats/formats.ts';
import { BadRecord, refuseUnstorable } from './formats/imported.ts';
import type { Line } from './lines.ts';
import { contentHashes, insertBatch, provideTrainers } from './queries.ts';
import type { Tally } from './tally.ts';

/** What becomes of the lines of a file: they are taken one by one, and written batch by batch. */
export interface Intake {
  /** So many batches may be written at once. */
  readonly atOnce: number;
  /** Lines taken and not written yet, and their text in UTF-16 code units. */
  readonly lines: number;
  readonly size: number;
  /** Takes a line into the batch, or rejects it. */
  take(line: Line): void;
  /** Writes the batch, as a whole or not at all; what is taken meanwhile is of the next. */
  write(): Promise<void>;
}

export interface IntakeMeans {
  db: Database;
  projectId: string;
  clock: () => Date;
  random: () => number;
  tally: Tally;
}

/** The text of a line as JSON; null where it is rejected. */
export function valueOf(line: Line, tally: Tally): { value: unknown; text: string } | null {
  tally.read += 1;
  if ('fault' in line) tally.reject(line.number, line.fault);
  else
    try {
      return { value: JSON.parse(line.text), text: line.text };
    } catch (error) {
      tally.reject(line.number, `is not JSON: ${error instanceof Error ? error.message : ''}`);
    }
  return null;
}

/** Whether a line may hold a text that cannot be stored: only by an escape. */
export const mayBeUnstorable = (text: string): boolean => /\\u(0000|d[89a-f])/i.test(text);

/** Formats of which each line is a conversation. */
export class LineIntake implements Intake {
  /** The database writes one while the next is on its way to it: else each would wait for the other half of the time. */
  readonly atOnce = 2;
  readonly #means: IntakeMeans;
  readonly #format: Format;
  /** Everyone met so far, by name or email. */
  readonly #trainers = new Map<string, string>();
  #batch = new Batch();
  /** The batch that was begun before. Where it fails, one that waits for it fails with it. */
  #before: { keys: ReadonlySet<string>; over: Promise<unknown> } = { keys: new Set(), over: Promise.resolve() };

  constructor(means: IntakeMeans, format: Format) {
    this.#means = means;
    this.#format = format;
  }

  get lines(): number {
    return this.#batch.entries.length;
  }

  get size(): number {
    return this.#batch.size;
  }

  take(line: Line): void {
    const { tally, random } = this.#means;
    const given = valueOf(line, tally);
    if (given === null) return;
    try {
      const imported = this.#format.read(given.value);
      if (mayBeUnstorable(given.text)) refuseUnstorable(imported);
      this.#batch.add(line.number, this.#format.family, imported, random);
    } catch (error) {
      if (!(error instanceof BadRecord)) throw error;
      tally.reject(line.number, error.message);
    }
  }

  write(): Promise<void> {
    const batch = this.#batch;
    this.#batch = new Batch();
    const { keys, over } = this.#before;
    // Of a line that stands in both, the one that comes first in the file is kept.
    const own = new Set(batch.entries.map(({ importKey }) => importKey));
    const again = [...own].some((key) => keys.has(key));
    const written = again ? over.then(() => this.#write(batch)) : this.#write(batch);
    this.#before = { keys: own, over: written };
    return written;
  }

  async #write({ entries, columns, ranked }: Batch): Promise<void> {
    const { db, projectId, clock, tally } = this.#means;
    const trainers = this.#trainers;
    const now = clock();
    const unknown = new Set(
      ranked.flatMap(({ trainer }) => (trainer === null || trainers.has(trainer) ? [] : trainer)),
    );
    if (unknown.size > 0) for (const [name, id] of await provideTrainers(db, now, [...unknown])) trainers.set(name, id);
    const fresh = await insertBatch(db, projectId, now, columns, ranked, trainers);
    const known = entries.filter(({ conversationId }) => !fresh.has(conversationId));
    const hashes =
      known.length > 0
        ? await contentHashes(
            db,
            projectId,
            known.map(({ importKey }) => importKey),
          )
        : new Map<string, string>();
    for (const entry of entries) {
      if (fresh.has(entry.conversationId)) tally.create(entry);
      else if (hashes.get(entry.importKey) === entry.contentHash) tally.duplicates += 1;
      else tally.reject(entry.line, `${entry.name} was imported before with other content`);
    }
  }
}
