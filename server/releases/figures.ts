import type { Origin, ReleaseFigures } from '../../shared/releases.ts';
import type { Example } from './examples.ts';
import { charactersOf } from './filter.ts';

/** Portions beyond so many are told together. */
const mostPortions = 20;

/** Adds up what a release is made of. Memory grows with people, sources and models, not with rows. */
export class Figures {
  readonly people = new Set<string>();
  readonly #counts = {
    languages: new Tally<string>(),
    origins: new Tally<Origin>(),
    sources: new Tally<string>(),
    rounds: new Tally<number>(),
    models: new Tally<string>(),
  };
  readonly #lengths = new Tally<number>();
  #activeMs = 0;
  #agreement = 0;
  #agreed = 0;
  /** Of the piece of work that came last: all rows of one follow each other, and its time counts once. */
  #lastWork = '';
  #lastComparison = '';

  add(example: Example): void {
    const { language, origin, source, round, models, trainers, id, activeMs } = example;
    this.#counts.languages.add(language ?? 'unknown');
    this.#counts.origins.add(origin);
    if (source !== null) this.#counts.sources.add(source);
    if (round !== null) this.#counts.rounds.add(round);
    for (const model of models) this.#counts.models.add(model);
    for (const trainer of trainers) this.people.add(trainer);
    this.#lengths.add(Math.ceil(Math.log2(charactersOf(example) + 1)));
    const end = id.indexOf(':');
    const work = end === -1 ? id : id.slice(0, end);
    if (work !== this.#lastWork) this.#activeMs += activeMs;
    this.#lastWork = work;
    if (!('agreement' in example) || example.agreement === null || example.groupId === this.#lastComparison) return;
    this.#lastComparison = example.groupId;
    this.#agreed += 1;
    this.#agreement += example.agreement;
  }

  result(): ReleaseFigures {
    const { languages, origins, sources, rounds, models } = this.#counts;
    return {
      people: this.people.size,
      hours: Math.round(this.#activeMs / 36_000) / 100,
      languages: portions(languages),
      origins: portions(origins),
      sources: portions(sources),
      rounds: portions(rounds),
      models: portions(models),
      agreement: this.#agreed === 0 ? null : { share: this.#agreement / this.#agreed, comparisons: this.#agreed },
      lengths: this.#lengths.all.toSorted(([a], [b]) => a - b).map(([power, rows]) => ({ below: 2 ** power, rows })),
    };
  }
}

/** Counts by key. Rows of one conversation follow each other, so the last counter is kept at hand. */
class Tally<K> {
  readonly #counters = new Map<K, { rows: number }>();
  #last: { key: K; counter: { rows: number } } | null = null;

  add(key: K): void {
    if (this.#last?.key !== key) {
      const counter = this.#counters.get(key) ?? { rows: 0 };
      this.#counters.set(key, counter);
      this.#last = { key, counter };
    }
    this.#last.counter.rows += 1;
  }

  get all(): [K, number][] {
    return [...this.#counters].map(([key, { rows }]) => [key, rows]);
  }
}

/** The largest first; those of the same size by name. */
function portions(counts: Tally<string> | Tally<number>): { name: string; rows: number }[] {
  const all = counts.all
    .map(([key, rows]) => ({ name: String(key), rows }))
    .toSorted((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1));
  const rest = all.slice(mostPortions).reduce((sum, { rows }) => sum + rows, 0);
  return rest === 0 ? all : [...all.slice(0, mostPortions), { name: 'others', rows: rest }];
}
