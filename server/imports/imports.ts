import { setImmediate as breathe } from 'node:timers/promises';
import type { ImportFormat, ImportResult } from '../../shared/imports.ts';
import { record } from '../accounts/audit.ts';
import type { SignedIn } from '../accounts/sessions.ts';
import type { Database } from '../db/database.ts';
import { isStorageFull, Refusal } from '../problem.ts';
import { formats } from './formats/formats.ts';
import { type Intake, LineIntake } from './intake.ts';
import { BrokenOff, readLines } from './lines.ts';
import { RawIntake } from './raw.ts';
import { Tally } from './tally.ts';

/** A batch is written when it has so many lines, or so many UTF-16 code units of text. */
const batchLines = 250;
const batchSize = 2_000_000;
/** After so many batches there is a moment in which none is being written. */
const gapEvery = 20;

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
 * Imports a file of lines, or of one JSON array, batch by batch: while some are being written the next is read. Whatever
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
  const means = { db, projectId: project.id, clock, random, tally };
  const intake: Intake = format === 'raw' ? new RawIntake(means) : new LineIntake(means, formats[format]);
  /** Under way, the oldest first. */
  const writes: Promise<void>[] = [];
  let begun = 0;
  const flush = async (): Promise<void> => {
    if (writes.length === intake.atOnce) await writes.shift();
    // Each shares a lock of the project. Were there always one under way, nobody could change the project until the end.
    begun += 1;
    if (begun % gapEvery === 0) while (writes.length > 0) await writes.shift();
    const write = intake.write().then(() => onProgress?.(tally.result()));
    // It is awaited in its turn; until then a failure is nobody's surprise.
    write.catch(() => undefined);
    writes.push(write);
  };
  const flushed = async (): Promise<void> => {
    if (intake.lines > 0) await flush();
    while (writes.length > 0) await writes.shift();
  };

  try {
    try {
      for await (const lines of readLines(source)) {
        for (const line of lines) {
          intake.take(line);
          if (intake.lines >= batchLines || intake.size >= batchSize) await flush();
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
    // What is told is how it ends, and nothing goes on behind it.
    await Promise.allSettled(writes);
    throw told(error, tally);
  }
  return tally.result();
}

class Stopped extends Error {
  override readonly name = 'Stopped';
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
