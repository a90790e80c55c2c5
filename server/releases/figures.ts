import type { Origin, ReleaseFigures } from '../../shared/releases.ts';
import type { Example } from './examples.ts';
import { textsOf } from './filter.ts';

/** Portions beyond so many are told together. */
const mostPortions = 20;

/** Adds up what a release is made of. Memory grows with people, sources and models, not with rows. */
export class Figures {
  readonly people = new Set<string>();
  readonly #counts = {
    languages: new Map<string, number>(),
    origins: new Map<Origin, number>(),
    sources: new Map<string, number>(),
    rounds: new Map<string, number>(),
    models: new Map<string, number>(),
  };
  readonly #lengths = new Map<number, number>();
  #activeMs = 0;
  #agreement = 0;
  #agreed = 0;
  /** Of the piece of work that came last: all rows of one follow each other, and its time counts once. */
  #lastWork = '';
  #lastComparison = '';

  add(example: Example): void {
    const { language, origin, source, round, models, trainers, id, activeMs } = example;
    const count = <K>(counts: Map<K, number>, key: K): void => void counts.set(key, (counts.get(key) ?? 0) + 1);
    count(this.#counts.languages, language ?? 'unknown');
    count(this.#counts.origins, origin);
    if (source !== null) count(this.#counts.sources, source);
    if (round !== null) count(this.#counts.rounds, String(round));
    for (const model of models) count(this.#counts.models, model);
    for (const trainer of trainers) this.people.add(trainer);
    const characters = textsOf(example).reduce((sum, text) => sum + text.length, 0);
    count(this.#lengths, Math.ceil(Math.log2(characters + 1)));
    const work = id.split(':')[0] ?? id;
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
      lengths: [...this.#lengths].toSorted(([a], [b]) => a - b).map(([power, rows]) => ({ below: 2 ** power, rows })),
    };
  }
}

/** The largest first; those of the same size by name. */
function portions(counts: ReadonlyMap<string, number>): { name: string; rows: number }[] {
  const all = [...counts]
    .map(([name, rows]) => ({ name, rows }))
    .toSorted((a, b) => b.rows - a.rows || (a.name < b.name ? -1 : 1));
  const rest = all.slice(mostPortions).reduce((sum, { rows }) => sum + rows, 0);
  return rest === 0 ? all : [...all.slice(0, mostPortions), { name: 'others', rows: rest }];
}
