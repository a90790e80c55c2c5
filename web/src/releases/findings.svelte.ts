import type { Output } from '../../../shared/endpoint.ts';
import { listFindings, type PiiKind } from '../../../shared/releases.ts';
import { call } from '../api.ts';
import { Paged } from '../ui/paged.svelte.ts';

export type Found = Output<typeof listFindings>['findings'][number];

/** Personal data that was found in a release, in the order of its rows; covered until somebody wants to see it. */
export class Findings {
  /** Null until they are known. */
  sums = $state.raw<Output<typeof listFindings>['sums'] | null>(null);
  /** Ids of those that are uncovered. */
  uncovered = $state.raw<ReadonlySet<number>>(new Set());
  #kind = $state<PiiKind | 'all'>('all');
  readonly list: Paged<Found>;

  constructor(releaseId: string) {
    this.list = new Paged(async (before) => {
      const query = {
        ...(this.#kind !== 'all' && { kind: this.#kind }),
        ...(before !== undefined && { after: Number(before) }),
      };
      const { sums, findings, next } = await call(listFindings, { params: { releaseId }, query });
      this.sums = sums;
      return { items: findings, next: next === null ? null : String(next) };
    });
  }

  get kind(): PiiKind | 'all' {
    return this.#kind;
  }

  set kind(kind: PiiKind | 'all') {
    this.#kind = kind;
    void this.list.restart();
  }

  /** Uncovers what is covered, and the other way round. */
  turn({ id }: Found): void {
    const uncovered = new Set(this.uncovered);
    if (!uncovered.delete(id)) uncovered.add(id);
    this.uncovered = uncovered;
  }
}
