import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ReleaseDefinition, ReleaseFile, Remark, Split } from '../../shared/releases.ts';
import { splits } from '../../shared/releases.ts';
import type { Database } from '../db/database.ts';
import { Refusal } from '../problem.ts';
import { describe } from './card/describe.ts';
import type { Field, Row } from './examples.ts';
import { Figures } from './figures.ts';
import { buildingFolder, type StoredFile, writeDocument } from './files/publish.ts';
import { completed, type ShardFile } from './files/shard.ts';
import { type Stores, storeOf } from './files/stores.ts';
import { type Line, openSplit, type SplitWriter } from './files/writer.ts';
import { companions } from './formats/dataset-info.ts';
import { loadGrams } from './hygiene/benchmarks.ts';
import { naming } from './names.ts';
import { Pass, type PassOptions } from './pass.ts';
import { selectPeople } from './queries/raw.ts';
import type { Built, Progress } from './queries/releases.ts';
import * as queries from './queries/releases.ts';
import { countSources, type Scope } from './queries/sources.ts';
import { rawLines } from './raw.ts';
import { groups, provideRoots } from './roots/roots.ts';
import { RowIndex } from './row-index.ts';

/** Progress is told this often, in milliseconds; a cancellation is heard of as often. */
const toldEvery = 1_000;
/** How often it is looked whether older transactions are over, in milliseconds, and for how long. */
const settledEvery = 50;
const settlesWithin = 60_000;
/** Findings of personal data beyond so many are counted, and no more. */
const mostFindings = 10_000;

/** It was cancelled or removed while it was built. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** What a release has become. */
export type Written = Omit<Built, 'now'>;

/** Builds a release, here or elsewhere. */
export type Write = (releaseId: string, signal: AbortSignal) => Promise<Written>;

/** What building a release needs. */
export interface Writing {
  readonly db: Database;
  readonly stores: Stores;
  readonly signal: AbortSignal;
}

/**
 * Builds a release into a folder that then gets its name, and says what it has become. Where an earlier attempt completed
 * files, these stay. Throws `Refusal` in words for an admin, and `Cancelled`.
 */
export async function writeRelease({ db, stores, signal }: Writing, releaseId: string): Promise<Written> {
  const release = await queries.selectRelease(db, releaseId);
  if (release === null) throw new Cancelled();
  const { definition, basis, projectId } = release;
  const moment = await queries.selectMoment(db, releaseId);
  const told = new Told(db, releaseId, signal);

  await told.step('Waiting for work that is being submitted');
  await settle(db, moment, told);
  await told.step('Looking at how conversations begin');
  const projectIds = [projectId, ...definition.mix.map((part) => part.projectId)];
  await provideRoots(db, projectIds, new Date(moment), { signal });
  const { groupOf, merges } = await groups(db, release.merges);
  if (release.merges === null) await queries.storeMerges(db, releaseId, merges);

  await told.step('Counting');
  const scope = { projectId, moment };
  told.sources = await countSources(db, scope, sourcesOf(definition));
  await told.step('Writing rows');
  const folder = buildingFolder(stores.dataDir, releaseId);
  const made =
    definition.kind === 'raw'
      ? await rawOf(db, release, scope)
      : await examplesOf(db, release, { scope, groupOf, grams: await loadGrams(db, definition.hygiene.benchmarks) });
  const { fields } = made;
  const { shards: written, index } = await writeRows(made.batches, { folder, definition, fields, told });
  const rows = written.reduce((sum, file) => sum + file.rows, 0);
  const { remarks, mixed, findings } = made.result();
  if (rows === 0) throw new Refusal('conflict', emptyWords(remarks));

  await told.step('Describing and publishing');
  // Those of the first time stand: what the database was given since to know a past moment by may say otherwise.
  const figures = release.figures ?? made.figures.result();
  const beside = describe({
    ...{ release, project: { name: basis.project }, publicUrl: basis.publicUrl, files: written },
    ...{ fields, figures, remarks, mixed },
  });
  const files: ReleaseFile[] = [...written, { ...index, split: null, rows: null }];
  for (const { name, content } of [...companions(definition, written), ...beside])
    files.push({ ...(await writeDocument(folder, name, content)), split: null, rows: null });
  const { sums, location } = await storeOf(stores, release).publish(releaseId, files, {
    signal,
    onBytes: (bytes) => (told.bytes = bytes),
  });
  files.push({ ...sums, split: null, rows: null });
  return {
    ...{ files, rows, remarks, location, findings, figures, people: [...made.figures.people] },
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

interface Made {
  batches: Batches;
  fields: readonly Field[];
  /** Adds up while the batches are gone through. */
  figures: Figures;
  /** Once they are. */
  result: () => { remarks: Remark[]; mixed: readonly number[]; findings: Built['findings'] };
}

async function examplesOf(
  db: Database,
  { definition, basis }: queries.ReleaseRow,
  options: Pick<PassOptions, 'scope' | 'groupOf' | 'grams'>,
): Promise<Made> {
  const findings: Built['findings'][number][] = [];
  const pass = new Pass(db, {
    ...{ ...options, definition, rubric: basis.rubric, nameOf: naming(basis.names) },
    onFinding(rowId, finding) {
      if (findings.length < mostFindings) findings.push({ id: findings.length + 1, rowId, ...finding });
    },
  });
  const figures = new Figures();
  const result = (): ReturnType<Made['result']> => ({ remarks: pass.remarks, mixed: pass.mixed, findings });
  return { batches: counted(pass, figures), fields: pass.format.fields, figures, result };
}

const rawRow: z.ZodType<Row> = z.record(z.string(), z.json());

/** All of a project, line by line. Whoever has a part in it is in the release. */
async function rawOf(db: Database, { basis }: queries.ReleaseRow, scope: Scope): Promise<Made> {
  const figures = new Figures();
  for (const { id } of await selectPeople(db, scope)) figures.people.add(id);
  async function* batches(): Batches {
    let at = 0;
    for await (const text of rawLines(db, scope.projectId, scope.moment, { names: basis.names, ...basis.raw }))
      yield {
        sources: 0,
        lines: text
          .split('\n')
          .slice(0, -1)
          .map((json) => ({ ...{ id: String((at += 1)), split: 'train', json }, row: rawRow.parse(JSON.parse(json)) })),
      };
  }
  return { batches: batches(), fields: [], figures, result: () => ({ remarks: [], mixed: [], findings: [] }) };
}

interface RowsOptions {
  folder: string;
  definition: ReleaseDefinition;
  fields: readonly Field[];
  told: Told;
}

/** Lines of which each goes into the files of its split, as many as were made at a time. */
type Batches = AsyncIterable<{ lines: readonly (Line & { id: string; split: Split })[]; sources: number }>;

async function* counted(pass: Pass, figures: Figures): Batches {
  for await (const { emitted, sources } of pass.batches()) {
    for (const { example } of emitted) figures.add(example);
    yield {
      lines: emitted.map(({ split, row, example: { id } }) => ({ id, split, row, json: JSON.stringify(row) })),
      sources,
    };
  }
}

/** Writes all rows, each split to its own files. What an earlier attempt completed is passed by. */
async function writeRows(
  batches: Batches,
  { folder, definition, fields, told }: RowsOptions,
): Promise<{ shards: (ShardFile & { split: Split })[]; index: StoredFile }> {
  const done = await completed(folder);
  const index = await RowIndex.create(folder);
  const { container, compression, shardMegabytes } = definition;
  const writers = new Map<Split, SplitWriter>();
  const writerFor = async (split: Split): Promise<SplitWriter> => {
    const known = writers.get(split);
    if (known !== undefined) return known;
    const name = `data/${split}`;
    const shards = { folder, name, container, compression, shardBytes: shardMegabytes * 1_000_000 };
    const writer = await openSplit({ ...shards, fields, resume: done.get(name) ?? [] });
    writers.set(split, writer);
    return writer;
  };
  try {
    for await (const { lines, sources } of batches) {
      const bySplit = new Map<Split, Line[]>();
      for (const line of lines) {
        const before = bySplit.get(line.split);
        if (before === undefined) bySplit.set(line.split, [line]);
        else before.push(line);
      }
      await index.add(lines);
      for (const [split, some] of bySplit) await (await writerFor(split)).write(some);
      told.gone += sources;
      told.rows += lines.length;
      told.bytes = [...writers.values()].reduce((sum, { bytes }) => sum + bytes, 0);
      await told.look();
      // Where it runs beside requests, these have their turn.
      await breathe();
    }
    const shards: (ShardFile & { split: Split })[] = [];
    await told.look();
    for (const split of splits)
      for (const file of (await writers.get(split)?.finish()) ?? []) shards.push({ ...file, split });
    return { shards, index: await index.end() };
  } catch (error) {
    for (const writer of writers.values()) await writer.abort();
    await index.abandon();
    throw error;
  }
}

/** Tells how far a build is, and hears that it is not wanted any more. */
class Told {
  readonly signal: AbortSignal;
  readonly #db: Database;
  readonly #id: string;
  #step = '';
  #lastAt = 0;
  #began = 0;
  /** All that there is to go through, as it was counted; and so much is done. */
  sources = 0;
  gone = 0;
  rows = 0;
  bytes = 0;

  constructor(db: Database, id: string, signal: AbortSignal) {
    this.#db = db;
    this.#id = id;
    this.signal = signal;
  }

  async step(step: string): Promise<void> {
    this.#step = step;
    this.#began = performance.now();
    this.#lastAt = 0;
    await this.look();
  }

  /** Throws where the build is to end. */
  async look(): Promise<void> {
    this.signal.throwIfAborted();
    const now = performance.now();
    if (now - this.#lastAt < toldEvery) return;
    this.#lastAt = now;
    const share = this.gone === 0 || this.sources === 0 ? null : Math.min(1, this.gone / this.sources);
    const progress: Progress = {
      ...{ step: this.#step, rows: this.rows, bytes: this.bytes, share },
      secondsLeft: share === null ? null : Math.round(((now - this.#began) / 1_000) * (1 / share - 1)),
    };
    if (!(await queries.storeProgress(this.#db, this.#id, progress))) throw new Cancelled();
  }
}

/** Waits for what began before the moment: what it writes would be seen only later, and the bytes would not be the same. */
async function settle(db: Database, moment: string, told: Told): Promise<void> {
  const until = performance.now() + settlesWithin;
  while (await queries.isUnsettled(db, moment)) {
    if (performance.now() > until)
      throw new Refusal('unavailable', 'Something that began before this release is still being written: try again.');
    await sleep(settledEvery);
    await told.look();
  }
}

export function sourcesOf({ kind, parts, unpaired }: ReleaseDefinition): Parameters<typeof countSources>[2] {
  const none = { kinds: [], rankings: false, feedback: false };
  switch (kind) {
    case 'sft': {
      const kinds = [
        ...(parts.includes('demonstrations') ? (['demonstration'] as const) : []),
        ...(parts.includes('dialogues') ? (['dialogue'] as const) : []),
      ];
      return { ...none, kinds, rankings: parts.includes('best') };
    }
    case 'comparisons':
    case 'ratings':
      return { ...none, rankings: true };
    case 'unpaired':
      return unpaired.by === 'thumbs' ? { ...none, feedback: true } : { ...none, rankings: true };
    case 'prompts':
      return { ...none, kinds: ['prompt', 'chat'] };
    case 'feedback':
      return { ...none, feedback: true };
    case 'raw':
      return { kinds: ['prompt', 'dialogue', 'demonstration', 'chat'], rankings: true, feedback: true };
  }
}

/** Why there is nothing in it. */
export function emptyWords(remarks: readonly Remark[]): string {
  const why = remarks.map(({ text, count }) => `${count} ${text}`).join('; ');
  return why === ''
    ? 'There is nothing of this kind yet, or nothing of it passes the filter.'
    : `Nothing that was collected stays in it: ${why}.`;
}
