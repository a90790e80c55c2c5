import type { Output } from '../../../shared/endpoint.ts';
import { cancelRelease, deleteRelease, readRelease, rebuildRelease } from '../../../shared/releases.ts';
import { call } from '../api.ts';
import { Polled } from '../ui/polled.svelte.ts';
import { moves, pollMs } from './releases.svelte.ts';

export type ReleaseWithFiles = Output<typeof readRelease>;

/** One release with its files, as it moves. */
export class OpenRelease extends Polled<ReleaseWithFiles> {
  readonly #params: { releaseId: string };

  constructor(releaseId: string) {
    const params = { releaseId };
    super(
      () => call(readRelease, { params }),
      ({ release }) => moves(release),
      pollMs,
    );
    this.#params = params;
  }

  async cancel(): Promise<void> {
    await call(cancelRelease, { params: this.#params });
    await this.loaded.load();
  }

  async rebuild(): Promise<void> {
    await call(rebuildRelease, { params: this.#params });
    await this.loaded.load();
  }

  /** Removes it with its files; there is nothing to show afterwards. */
  async remove(): Promise<void> {
    await call(deleteRelease, { params: this.#params });
    this.close();
  }
}
