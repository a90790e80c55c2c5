import { cp, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { randomUUID } from 'node:crypto';
import type { Release, ReleaseFile } from '../../shared/releases.ts';
import type { Context } from '../context.ts';
import type { ProjectRow } from '../projects/projects.ts';
import { Refusal } from '../problem.ts';
import { buildRelease, type Builder } from './build.ts';
import { releaseFolder } from './files/publish.ts';
import { addRelease, readRelease } from './releases.ts';
import { writeRelease } from './writing.ts';

/**
 * Builds a release here and now, as the command line does, and copies its files into a folder `out`, which is there when it is
 * whole. Throws `Refusal` in words, also where there is something in the folder already.
 */
export async function releaseInto(
  context: Builder & Pick<Context, 'publicUrl'>,
  project: ProjectRow,
  body: Parameters<typeof addRelease>[3],
  out: string,
): Promise<{ release: Release; files: ReleaseFile[] }> {
  const { db, stores } = context;
  if ((await readdir(out).catch(() => [])).length > 0)
    throw new Refusal(
      'conflict',
      `There is something in ${out} already: give an empty folder, or one that is not there.`,
    );
  const releaseId = await addRelease(context, null, project, body, { inBackground: false });
  const write = (id: string, signal: AbortSignal) => writeRelease({ db, stores, signal }, id);
  await buildRelease(context, write, releaseId, { last: true, signal: new AbortController().signal });
  const made = await readRelease(db, releaseId);
  if (made.release.state !== 'ready')
    throw new Refusal('conflict', made.release.detail ?? 'The release was cancelled.');
  await mkdir(dirname(out), { recursive: true });
  const unfinished = join(dirname(out), `.${randomUUID()}.part`);
  try {
    await cp(releaseFolder(stores.dataDir, releaseId), unfinished, { recursive: true });
    await rm(out, { recursive: true, force: true });
    await rename(unfinished, out);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return made;
}
