import type { Output } from '../../../shared/endpoint.ts';
import {
  cancelBatch,
  listSamplings,
  retryFailed,
  retrySampling,
  type Batch,
  type Sampling,
  type SamplingState,
} from '../../../shared/samplings.ts';
import { call } from '../api.ts';
import { Loaded } from '../ui/loaded.svelte.ts';

export type Overview = Output<typeof listSamplings>;

/** How many samplings are listed at most. */
export const listedAtMost = 100;
/** How soon the figures are asked for again while something is waiting or running. */
const pollMs = 2_000;

/** How sampling goes on in a project; asks again by itself while something moves and the page can be seen. */
export class Samplings {
  /** What is listed. */
  #state = $state<SamplingState | 'all'>('all');
  readonly #projectId: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly loaded: Loaded<Overview>;
  /** True where nothing was ever sampled. */
  readonly none = $derived.by(() => {
    const overview = this.loaded.value;
    return overview !== null && overview.batches.length === 0 && Object.values(overview.sums).every((sum) => sum === 0);
  });

  constructor(projectId: string) {
    this.#projectId = projectId;
    this.loaded = new Loaded(() => this.#read());
    document.addEventListener('visibilitychange', this.#seen);
  }

  get state(): SamplingState | 'all' {
    return this.#state;
  }

  set state(state: SamplingState | 'all') {
    this.#state = state;
    void this.loaded.load();
  }

  async retry({ id }: Sampling): Promise<void> {
    await call(retrySampling, { params: { samplingId: id } });
    await this.loaded.load();
  }

  /** @returns how many are tried again */
  async retryAll(): Promise<number> {
    const { retried } = await call(retryFailed, { params: { projectId: this.#projectId } });
    await this.loaded.load();
    return retried;
  }

  async cancel({ id }: Batch): Promise<void> {
    await call(cancelBatch, { params: { batchId: id } });
    await this.loaded.load();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    document.removeEventListener('visibilitychange', this.#seen);
  }

  async #read(): Promise<Overview> {
    const query = { limit: listedAtMost, ...(this.#state === 'all' ? {} : { state: this.#state }) };
    const overview = await call(listSamplings, { params: { projectId: this.#projectId }, query });
    clearTimeout(this.#timer);
    const moves = overview.sums.waiting + overview.sums.running > 0;
    if (moves && !this.#closed) this.#timer = setTimeout(this.#seen, pollMs);
    return overview;
  }

  /** After a while, and when the page comes into sight again. */
  readonly #seen = (): void => {
    if (!document.hidden) void this.loaded.load();
  };
}
