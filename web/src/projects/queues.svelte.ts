import type { Output } from '../../../shared/endpoint.ts';
import { queue } from '../../../shared/tasks.ts';
import { call } from '../api.ts';
import { workKinds } from './kinds.ts';

type WorkKind = (typeof workKinds)[number]['kind'];
export type Queue = Output<typeof queue>;

/** While figures move, the queues are asked at most this often. */
const settleMs = 4000;

/** What one project has for the person at the page, per kind of work. */
export class Queues {
  byKind = $state.raw<Partial<Record<WorkKind, Queue>>>({});
  failure = $state.raw<unknown>(null);
  readonly #projectId: string;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(projectId: string) {
    this.#projectId = projectId;
    void this.load();
  }

  load = async (): Promise<void> => {
    this.failure = null;
    try {
      const params = { projectId: this.#projectId };
      const answers = await Promise.all(
        workKinds.map(async ({ kind }) => [kind, await call(queue, { params, query: { kind } })] as const),
      );
      this.byKind = Object.fromEntries(answers);
    } catch (error) {
      this.failure = error;
    }
  };

  /** The project's figures moved, so what is here for this person may have changed. */
  moved(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.load();
    }, settleMs);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
