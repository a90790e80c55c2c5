import { setImmediate as breathe } from 'node:timers/promises';
import { newId } from '../../db/ids.ts';
import { z } from 'zod';
import { maxMessageCharacters, textFault } from '../../../shared/conversations.ts';
import type { Fault } from '../../../shared/errors.ts';
import type { benchmark } from '../../../shared/releases.ts';
import { record } from '../../accounts/audit.ts';
import type { SignedIn } from '../../accounts/sessions.ts';
import { type Database, transaction } from '../../db/database.ts';
import { BrokenOff, type Line, readLines } from '../../imports/lines.ts';
import { invalid, notFound, Refusal } from '../../problem.ts';
import * as queries from '../queries/benchmarks.ts';
import { addPrompt, type Grams } from './contamination.ts';
import { Seen } from './seen.ts';

type Benchmark = z.infer<typeof benchmark>;

/** Of a list, in runs of words; some 100 MB of memory while it is uploaded, and as much while a release is checked against it. */
const maxGrams = 5_000_000;
/** Faults that are told of one upload. */
const maxFaults = 20;
const pageGrams = 10_000;

const view = ({ id, name, prompts, createdAt }: queries.BenchmarkRow): Benchmark => ({
  ...{ id, name, prompts },
  createdAt: createdAt.toISOString(),
});

/** All lists, in the order in which they were uploaded. */
export async function listBenchmarks(db: Database): Promise<Benchmark[]> {
  return (await queries.selectBenchmarks(db)).map(view);
}

/**
 * Reads a list and keeps the hashes of what its prompts say, not the prompts. A line with a fault refuses the list, for what it
 * holds would not be looked for: nothing is kept then. Throws `invalid` naming the lines, `malformed` where the upload breaks off,
 * `too_large`.
 */
export async function uploadBenchmark(
  db: Database,
  user: SignedIn,
  name: string,
  source: AsyncIterable<Uint8Array>,
  clock: () => Date,
): Promise<Benchmark> {
  const fault = textFault(name);
  if (fault !== null) throw invalid('name', fault);
  const { prompts, grams } = await readPrompts(source);
  const row = { id: newId(), name, prompts, createdAt: clock() };
  await transaction(db, async (tx) => {
    await queries.insertBenchmark(tx, row);
    for (const page of grams.pages(pageGrams)) await queries.insertGrams(tx, row.id, page);
    await record(tx, user, 'benchmark.upload', row.id, { name, prompts });
  });
  return view(row);
}

/** Removes a list. Throws `not_found`. */
export async function deleteBenchmark(db: Database, user: SignedIn, benchmarkId: string): Promise<null> {
  return transaction(db, async (tx) => {
    const name = await queries.deleteBenchmark(tx, benchmarkId);
    if (name === null) throw notFound('benchmark');
    await record(tx, user, 'benchmark.delete', benchmarkId, { name });
    return null;
  });
}

/** What lists hold, to check data against; null where none is named. Throws `conflict` where one of them is gone. */
export async function loadGrams(db: Database, benchmarkIds: readonly string[]): Promise<Grams | null> {
  if (benchmarkIds.length === 0) return null;
  const known = new Set((await queries.selectBenchmarks(db)).map(({ id }) => id));
  const grams = new Seen();
  for (const id of new Set(benchmarkIds)) {
    if (!known.has(id))
      throw new Refusal('conflict', 'A list of benchmark prompts that this is checked against was removed.');
    for (let from: bigint | null = queries.leastGram; from !== null;) {
      const page = await queries.selectGrams(db, id, from, pageGrams);
      for (const gram of page.grams) grams.add(gram);
      from = page.next;
    }
  }
  return grams;
}

/** The prompts of a list, and how many lines hold one. */
async function readPrompts(source: AsyncIterable<Uint8Array>): Promise<{ prompts: number; grams: Grams }> {
  const grams = new Seen();
  const faults: Fault[] = [];
  let prompts = 0;
  try {
    reading: for await (const lines of readLines(source)) {
      for (const line of lines) {
        const message = addLine(grams, line);
        if (message === null) prompts += 1;
        else faults.push({ path: `line ${line.number}`, message, line: line.number });
        if (faults.length === maxFaults) break reading;
        if (grams.size > maxGrams)
          throw new Refusal('too_large', `A list has at most ${maxGrams} runs of words: split it into several.`);
      }
      await breathe();
    }
  } catch (error) {
    if (!(error instanceof BrokenOff)) throw error;
    throw new Refusal('malformed', 'The upload broke off: nothing of it was kept.');
  }
  const [first] = faults;
  if (first) {
    const more = faults.length > 1 ? ` ${faults.length - 1} more lines have faults.` : '';
    throw new Refusal('invalid', `Line ${first.line}: ${first.message}.${more} Nothing was kept.`, faults);
  }
  if (prompts === 0) throw new Refusal('invalid', 'The list holds no prompt.');
  return { prompts, grams };
}

/** Adds what a line holds; or says what is wrong with it. */
function addLine(grams: Grams, line: Line): string | null {
  if ('fault' in line) return line.fault;
  const texts = textsIn(line.text.trim());
  if (typeof texts === 'string') return texts;
  if (texts.some((text) => text.length > maxMessageCharacters))
    return `holds a prompt of more than ${maxMessageCharacters} characters`;
  const added = texts.filter((text) => addPrompt(grams, text));
  return added.length > 0 ? null : 'holds no words';
}

const said = z.union([z.string(), z.looseObject({ content: z.string() }).transform(({ content }) => content)]);
const several = z.union([said.transform((text) => [text]), z.array(said)]);
const prompt = z.looseObject({
  prompt: several.nullish(),
  question: several.nullish(),
  instruction: several.nullish(),
  text: several.nullish(),
  turns: several.nullish(),
});

/** The texts of a line: an object has them in its fields, a JSON string is one, and all else is the text itself. Or what is wrong. */
function textsIn(text: string): string[] | string {
  if (!/^["{]/.test(text)) return [text];
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // What a person says may begin with a quotation mark.
    return text.startsWith('"') ? [text] : `is not JSON: ${error instanceof Error ? error.message : ''}`;
  }
  if (typeof value === 'string') return [value];
  const parsed = prompt.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `${String(issue?.path[0] ?? 'it')}: must be a text, messages, or a list of texts`;
  }
  const { prompt: asked, question, instruction, text: plain, turns } = parsed.data;
  const texts = [asked, question, instruction, plain, turns].flatMap((field) => field ?? []);
  return texts.length > 0 ? texts : 'has no prompt, question, instruction, text or turns';
}
