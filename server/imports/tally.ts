import { type ImportResult, maxRejectedTold } from '../../shared/imports.ts';

/** Counts what comes of each line. */
export class Tally {
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
