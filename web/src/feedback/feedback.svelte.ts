import type { Input, Output } from '../../../shared/endpoint.ts';
import { listFeedback, type FeedbackItem } from '../../../shared/feedback.ts';
import { call } from '../api.ts';
import { Paged } from '../ui/paged.svelte.ts';

export type FeedbackKind = NonNullable<Input<typeof listFeedback>['query']['kind']>;
export type FeedbackSum = Output<typeof listFeedback>['sums'][number];

/** What people said of model-written messages in a project, newest first, with sums for each model. */
export class FeedbackList {
  /** Null until they are known. */
  sums = $state.raw<FeedbackSum[] | null>(null);
  #kind = $state<FeedbackKind>('all');
  readonly list: Paged<FeedbackItem>;

  constructor(projectId: string) {
    this.list = new Paged(async (before) => {
      const query = { kind: this.#kind, before };
      const page = await call(listFeedback, { params: { projectId }, query });
      this.sums = page.sums;
      return page;
    });
  }

  get kind(): FeedbackKind {
    return this.#kind;
  }

  set kind(kind: FeedbackKind) {
    this.#kind = kind;
    void this.list.restart();
  }
}
