import type { Input, Output } from '../../../shared/endpoint.ts';
import { previewRelease } from '../../../shared/releases.ts';
import { call } from '../api.ts';

export type Previewed = Output<typeof previewRelease>;
type Definition = Input<typeof previewRelease>['body']['definition'];

/** How long nothing is typed before the server is asked. */
const restMs = 400;

/** What a definition would give now: asked a while after the last change, and only the latest question is answered. */
export class Preview {
  /** Of the last definition that was answered; null before the first. */
  answer = $state.raw<Previewed | null>(null);
  failure = $state.raw<unknown>(null);
  /** True from a change until its answer. */
  asking = $state(false);
  readonly #projectId: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request: AbortController | null = null;
  #last: Definition | null = null;

  constructor(projectId: string) {
    this.#projectId = projectId;
  }

  /** Asks for `definition` once nothing else was asked for a while; null where there is nothing that could be asked. */
  ask(definition: Definition | null, afterMs = restMs): void {
    this.close();
    this.#last = definition;
    this.asking = definition !== null;
    if (definition) this.#timer = setTimeout(() => void this.#send(definition), afterMs);
  }

  again = (): void => this.ask(this.#last, 0);

  close(): void {
    clearTimeout(this.#timer);
    this.#request?.abort();
  }

  async #send(definition: Definition): Promise<void> {
    const request = new AbortController();
    this.#request = request;
    try {
      const options = { params: { projectId: this.#projectId }, body: { definition } };
      const answer = await call(previewRelease, options, { signal: request.signal });
      if (request.signal.aborted) return;
      this.answer = answer;
      this.failure = null;
    } catch (error) {
      if (request.signal.aborted) return;
      this.failure = error;
    }
    this.asking = false;
  }
}
