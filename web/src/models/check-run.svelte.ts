import { checkModel, type ModelCheck } from '../../../shared/models.ts';
import { call } from '../api.ts';

/** A check of one model, while it runs. The server gives it up after some 20 s. */
export class CheckRun {
  running = $state(false);
  /** Since it began. */
  seconds = $state(0);
  failure = $state.raw<unknown>(null);
  #abort = new AbortController();

  /** Null where it could not be done. */
  async run(modelId: string): Promise<ModelCheck | null> {
    if (this.running) return null;
    this.running = true;
    this.failure = null;
    this.seconds = 0;
    const timer = setInterval(() => this.seconds++, 1000);
    try {
      return (await call(checkModel, { params: { modelId } }, { signal: this.#abort.signal })).check;
    } catch (error) {
      this.failure = error;
      return null;
    } finally {
      clearInterval(timer);
      this.running = false;
    }
  }

  /** Waits for it no longer. */
  close(): void {
    this.#abort.abort();
  }
}
