import { setImmediate as breathe } from 'node:timers/promises';
import { type ImportFormat, type ImportResult, maxRejectedTold } from '../../shared/imports.ts';
import { record } from '../accounts/audit.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Database } from '../db/database.ts';
import { Refusal } from '../problem.ts';
import { Batch } from './batch.ts';
import { BadRecord, refuseUnstorable } from './formats/imported.ts';
import { type Format, formats } from './formats/formats.ts';
import { BrokenOff, type Line, readLines } from './lines.ts';
import { contentHashes, insertBatch, provideTrainers } from './queries.ts';

/** A batch is written when it has so many lines, or so many UTF-16 code units of text. */
const batchLines = 250;
const batchSize = 2_000_000;

export interface ImportOptions {
  clock: () => Date;
  random: () => number;
  /** Stops the import after the lines read so far. */
  signal?: AbortSignal;
  /** Called after each batch with what came of the file so far. */
  onProgress?: (soFar: ImportResult) => void;
}

/** Imports lines, and leaves a note in the audit log also of an import that ended early. Throws as `importLines`, and `archived`. */
export async function importInto(
  db: Database,
  actor: SignedIn | null,
  project: { id: string; archived: boolean },
  format: ImportFormat,
  source: AsyncIterable<Uint8Array>,
  options: ImportOptions,
): Promise<ImportResult> {
  if (project.archived) throw new Refusal('archived', 'The project is archived: nothing is imported into it.');
  const tally = new Tally();
  const note = () => record(db, actor, 'import', project.id, { format, ...tally.figures() });
  try {
    await importLines(db, project, format, source, options, tally);
  } catch (error) {
    // If the note cannot be written either, the first trouble is the one to tell.
    if (tally.result().created > 0) await note().catch(() => undefined);
    throw error;
  }
  await note();
  return tally.result();
}

/**
 * Imports a file of lines, or of one JSON array, batch by batch: while one is being written the next is read. Whatever
 * ends an import early leaves whole batches. The same lines again create nothing.
 *
 * Throws `invalid` where it is no text file; and, with `result` as it is by then, `malformed` where the source fails before
 * its end, `unavailable` where `signal` stopped it, and `storage_full`.
 */
export async function importLines(
  db: Database,
  project: { id: string },
  format: ImportFormat,
  source: AsyncIterable<Uint8Array>,
  { clock, random, signal, onProgress }: ImportOptions,
  tally = new Tally(),
): Promise<ImportResult> {
  const { family, read } = formats[format];
  const trainers = new Map<string, string>();
  let batch = new Batch();
  let writing: Promise<void> = Promise.resolve();
  const flush = async (): Promise<void> => {
    await writing;
    const full = batch;
    batch = new Batch();
    writing = write(db, project.id, clock(), full, trainers, tally).then(() => onProgress?.(tally.result()));
    // It is awaited before the next one; until then a failure is nobody's surprise.
    writing.catch(() => undefined);
  };
  const flushed = async (): Promise<void> => {
    if (batch.entries.length > 0) await flush();
    await writing;
  };

  try {
    try {
      for await (const lines of readLines(source)) {
        for (const line of lines) {
          readLine(line, family, read, batch, random, tally);
          if (batch.entries.length >= batchLines || batch.size >= batchSize) await flush();
        }
        if (signal?.aborted) throw new Stopped();
        await breathe();
      }
    } catch (thrown) {
      const error = signal?.aborted ? new Stopped() : thrown;
      // What was read before is whole, and is kept.
      if (error instanceof BrokenOff || error instanceof Stopped) await flushed();
      throw error;
    }
    await flushed();
  } catch (error) {
    throw told(error, tally);
  }
  return tally.result();
}

class Stopped extends Error {
  override readonly name = 'Stopped';
}

function readLine(
  line: Line,
  family: string,
  read: Format['read'],
  batch: Batch,
  random: () => number,
  tally: Tally,
): void {
  tally.read += 1;
  if ('fault' in line) return tally.reject(line.number, line.fault);
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch (error) {
    return tally.reject(line.number, `is not JSON: ${error instanceof Error ? error.message : ''}`);
  }
  try {
    const imported = read(value);
    if (/\\u(0000|d[89a-f])/i.test(line.text)) refuseUnstorable(imported);
    batch.add(line.number, family, imported, random);
  } catch (error) {
    if (!(error instanceof BadRecord)) throw error;
    tally.reject(line.number, error.message);
  }
}

async function write(
  db: Database,
  projectId: string,
  now: Date,
  { entries, columns, ranked }: Batch,
  trainers: Map<string, string>,
  tally: Tally,
): Promise<void> {
  const unknown = new Set(ranked.flatMap(({ trainer }) => (trainer === null || trainers.has(trainer) ? [] : trainer)));
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

/** The error with what had come of the file by then. */
function told(error: unknown, tally: Tally): unknown {
  const result = tally.result();
  const kept = `${result.created} of ${result.read} lines read were imported and are kept; the same file can be sent again`;
  if (error instanceof BrokenOff) {
    const reason = error.cause instanceof Error ? error.cause.message : 'no reason was given';
    return new Refusal('malformed', `The file broke off (${reason}): ${kept}.`, [], { result });
  }
  if (error instanceof Stopped) return new Refusal('unavailable', `The import was stopped: ${kept}.`, [], { result });
  if (isStorageFull(error))
    return new Refusal('storage_full', `There is no room left to store this: ${kept}.`, [], { result });
  return error;
}

/** SQLSTATE 53100 is PostgreSQL's disk_full; ENOSPC is what the embedded engine meets. */
function isStorageFull(error: unknown): boolean {
  for (let inner = error; inner instanceof Error; inner = inner.cause)
    if ('code' in inner && (inner.code === '53100' || inner.code === 'ENOSPC')) return true;
  return false;
}

/** Counts what comes of each line. */
class Tally {
  read = 0;
  duplicates = 0;
  #rejectedCount = 0;
  #rejected: ImportResult['rejected'] = [];
  readonly #made = { created: 0, messages: 0, comparisons: 0, rankings: 0, tasks: 0 };

  reject(line: number, reason: string): void {
    this.#rejectedCount += 1;
    if (this.#rejected.length < maxRejectedTold) this.#rejected.push({ line, reason });
  }

  create({
    messages,
    comparisons,
    rankings,
    tasks,
  }: {
    messages: number;
    comparisons: number;
    rankings: number;
    tasks: number;
  }): void {
    this.#made.created += 1;
    this.#made.messages += messages;
    this.#made.comparisons += comparisons;
    this.#made.rankings += rankings;
    this.#made.tasks += tasks;
  }

  figures(): Omit<ImportResult, 'rejected'> {
    return { read: this.read, duplicates: this.duplicates, rejectedCount: this.#rejectedCount, ...this.#made };
  }

  result(): ImportResult {
    // A line that was there before is found out a batch later than one that cannot be read.
    return { ...this.figures(), rejected: this.#rejected.toSorted((a, b) => a.line - b.line) };
  }
}
