import {
  cancelRelease,
  listReleases,
  rebuildRelease,
  type Release,
  type ReleaseState,
} from '../../../shared/releases.ts';
import { call } from '../api.ts';
import { Polled } from '../ui/polled.svelte.ts';

/** How soon it is asked again while something is being built. */
export const pollMs = 1_000;

/** Whether a release changes by itself. */
export function moves({ state }: { state: ReleaseState }): boolean {
  return state === 'waiting' || state === 'building';
}

/** The releases of a project, the newest first, as they move. */
export class Releases extends Polled<Release[]> {
  constructor(projectId: string) {
    super(
      async () => (await call(listReleases, { params: { projectId } })).releases,
      (releases) => releases.some(moves),
      pollMs,
    );
  }

  async cancel({ id }: Release): Promise<void> {
    await call(cancelRelease, { params: { releaseId: id } });
    await this.loaded.load();
  }

  async rebuild({ id }: Release): Promise<void> {
    await call(rebuildRelease, { params: { releaseId: id } });
    await this.loaded.load();
  }
}
