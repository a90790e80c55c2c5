import type { MixPart, ReleaseDefinition, Remark, Split } from '../../shared/releases.ts';
import type { Rubric } from '../../shared/projects.ts';
import type { Database } from '../db/database.ts';
import { invalid, type Refusal } from '../problem.ts';
import type { Example, Row } from './examples.ts';
import { charactersOf, passesFacts, passesQuality, textsOf, unrated } from './filter.ts';
import type { Format } from './formats/format.ts';
import { formatFor } from './formats/formats.ts';
import { Caps } from './hygiene/caps.ts';
import type { Grams } from './hygiene/contamination.ts';
import { contaminated } from './hygiene/contamination.ts';
import { type Finding, scanExample } from './hygiene/scan.ts';
import { Duplicates } from './hygiene/duplicates.ts';
import { keyOf, Seen } from './hygiene/seen.ts';
import type { Scope } from './queries/sources.ts';
import { compared, makeBest, makeJudged, makePairs, makeRanked, makeRated } from './sources/compared.ts';
import { dialogues } from './sources/dialogues.ts';
import { drawn } from './sources/pool.ts';
import { prompts, usedGroups } from './sources/prompts.ts';
import { judgedBy, said } from './sources/said.ts';
import { trees } from './sources/trees.ts';
import { splitOf } from './splits.ts';

/** All that a pass goes by. */
export interface PassOptions {
  readonly definition: ReleaseDefinition;
  readonly scope: Scope;
  readonly rubric: Rubric;
  /** The near-duplicate group that stands for the one that a root was put into. */
  readonly groupOf: (groupId: string) => string;
  /** The name under which rows show a trainer. */
  readonly nameOf: (trainerId: string | null) => string | null;
  /** What the benchmarks hold that it is checked against; null where it is against none. */
  readonly grams: Grams | null;
  /** Hears of personal data, where it is looked for. */
  readonly onFinding?: (rowId: string, finding: Finding) => void;
}

export interface Emitted {
  readonly split: Split;
  readonly row: Row;
  readonly example: Example;
}

/** Rows that were made at a time, and how many sources they were made from. */
export interface Batch {
  readonly emitted: readonly Emitted[];
  readonly sources: number;
}

/** A mix that asks for more than there is. */
const tooFew = (at: number, wanted: number, taken: number): Refusal =>
  invalid(
    `definition.mix.${at}`,
    `asks for ${wanted} dialogues, and only ${taken} of those that there are can be used: ask for fewer, or keep more of them`,
  );

/**
 * Goes once through what was collected and gives the rows of a release: the filter, then what is left out as a duplicate, as
 * part of a benchmark or for personal data, then the split, then the format. The same options and data give the same rows in
 * the same order. What was left out is counted in `remarks`.
 */
export class Pass {
  readonly format: Format;
  /** Rows taken from each part of the mix. */
  readonly mixed: number[] = [];
  readonly #db: Database;
  readonly #options: PassOptions;
  readonly #remarks = new Map<string, number>();
  readonly #duplicates = new Duplicates();
  readonly #caps: Caps;
  #rows = 0;

  constructor(db: Database, options: PassOptions) {
    this.#db = db;
    this.#options = options;
    const { definition, rubric } = options;
    this.format = formatFor(definition, rubric);
    this.#caps = new Caps(definition.hygiene);
  }

  /** What is not in it, or not as it was, most often first. */
  get remarks(): Remark[] {
    return [...this.#remarks]
      .map(([text, count]) => ({ text, count }))
      .toSorted((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1));
  }

  /** Throws `invalid` where a mix cannot be met. */
  async *batches(): AsyncGenerator<Batch> {
    for await (const { examples, sources } of this.#collected()) yield { emitted: this.#emit(examples), sources };
    const { definition, scope, groupOf, nameOf } = this.#options;
    const collected = this.#rows;
    for (const [at, part] of definition.mix.entries()) {
      const wanted = amountOf(part, collected);
      let taken = 0;
      for await (const examples of drawn(this.#db, scope, part, definition.seed, { groupOf, nameOf })) {
        const emitted = this.#emit(examples, wanted - taken);
        taken += emitted.length;
        yield { emitted, sources: 0 };
        if (taken === wanted) break;
      }
      if (taken < wanted) throw tooFew(at, wanted, taken);
      this.mixed.push(taken);
    }
  }

  /** What was collected here, of the kind and shape that the definition asks for. */
  async *#collected(): AsyncGenerator<{ examples: readonly Example[]; sources: number }> {
    const { definition, scope, groupOf, nameOf } = this.#options;
    const db = this.#db;
    const reading = { groupOf, nameOf };
    const { kind, parts } = definition;
    switch (kind) {
      case 'sft': {
        const isTree = this.format.shape === 'tree';
        for (const [part, from] of [
          ['demonstrations', 'demonstration'],
          ['dialogues', 'dialogue'],
        ] as const) {
          if (!parts.includes(part)) continue;
          if (isTree) yield* trees(db, scope, from, { ranked: false }, reading);
          else yield* dialogues(db, scope, from, reading);
        }
        if (parts.includes('best') && !isTree) yield* compared(db, scope, definition, makeBest, reading);
        return;
      }
      case 'comparisons': {
        if (this.format.shape === 'tree')
          for (const from of ['dialogue', 'prompt'] as const) yield* trees(db, scope, from, { ranked: true }, reading);
        else yield* compared(db, scope, definition, this.format.shape === 'ranked' ? makeRanked : makePairs, reading);
        return;
      }
      case 'unpaired': {
        if (definition.unpaired.by !== 'thumbs') yield* compared(db, scope, definition, makeJudged, reading);
        else
          for await (const { examples, sources } of said(db, scope, reading))
            yield { examples: examples.flatMap(judgedBy), sources };
        return;
      }
      case 'ratings':
        yield* compared(db, scope, definition, makeRated, reading);
        return;
      case 'feedback':
        yield* said(db, scope, reading);
        return;
      case 'prompts': {
        const used = new Seen();
        for await (const groups of usedGroups(db, scope, reading))
          for (const group of groups) used.addHalves(...keyOf(group));
        const free = {
          groupOf,
          isUsed: (group: string) => used.hasHalves(...keyOf(group)),
          onUsed: (count: number) => this.#remark('begin as rows of other kinds of dataset do', count),
        };
        for (const from of ['prompt', 'chat'] as const) yield* prompts(db, scope, from, free);
        return;
      }
      case 'raw':
        throw new Error('raw data is no pass over examples');
    }
  }

  /** Those of the examples that are in it, as rows; at most `most`. */
  #emit(examples: readonly Example[], most = Infinity): Emitted[] {
    const emitted: Emitted[] = [];
    for (const example of examples) {
      if (emitted.length >= most) break;
      const one = this.#one(example);
      if (one !== null) emitted.push(one);
    }
    this.#rows += emitted.length;
    return emitted;
  }

  #one(found: Example): Emitted | null {
    const { definition, grams, onFinding } = this.#options;
    const { filter, hygiene, split, seed } = definition;
    if (!passesFacts(filter, found, charactersOf(found))) return null;
    if (hasNoRatings(found) && !passesQuality(filter, unrated)) return null;

    const into = splitOf(found.group, seed, split, found.trainers);
    if (into === null)
      return this.#leaveOut(
        split.heldOutTrainers.some((id) => found.trainers.includes(id))
          ? 'are by held-out trainers together with others'
          : 'are outside the shares of the splits',
      );
    const unfit = this.format.unfit(found);
    if (unfit !== null) return this.#leaveOut(unfit);
    if (hygiene.exactDuplicates === 'drop' && this.#duplicates.isSame(found))
      return this.#leaveOut('are the same as an earlier row');
    if (grams !== null && contaminated(grams, textsOf(found))) return this.#leaveOut('hold a prompt of a benchmark');

    let example = found;
    if (hygiene.pii !== 'keep') {
      const { findings, masked } = scanExample(found, hygiene.piiKinds);
      for (const finding of findings) onFinding?.(found.id, finding);
      if (hygiene.pii === 'mark')
        example = { ...found, pii: [...new Set(findings.map(({ kind }) => kind))].toSorted() };
      if (findings.length > 0 && hygiene.pii === 'leave_out') return this.#leaveOut('hold personal data');
      if (findings.length > 0 && hygiene.pii === 'mask') {
        this.#remark('had personal data masked', 1);
        example = masked;
      }
    }
    if (hygiene.nearDuplicates === 'drop' && this.#duplicates.beginsAlike(found))
      return this.#leaveOut('begin nearly as an earlier one does');
    const over = this.#caps.take(found);
    if (over !== null) return this.#leaveOut(over);
    return { split: into, row: this.format.row(example), example };
  }

  #leaveOut(why: string): null {
    this.#remark(why, 1);
    return null;
  }

  #remark(text: string, count: number): void {
    this.#remarks.set(text, (this.#remarks.get(text) ?? 0) + count);
  }
}

function amountOf({ amount }: MixPart, collected: number): number {
  return amount.by === 'count' ? amount.rows : Math.round((collected * amount.perHundred) / 100);
}

/** What is made from rankings was held against the ratings where it was made. */
function hasNoRatings({ shape, id }: Example): boolean {
  return shape === 'prompt' || shape === 'said' || shape === 'tree' || (shape === 'dialogue' && !id.endsWith(':best'));
}
