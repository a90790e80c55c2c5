import type { Readable } from 'node:stream';
import { folderOf } from '../../shared/release-commands.ts';
import type { Database } from '../db/database.ts';
import { Refusal } from '../problem.ts';
import type { RangeHeaders } from './files/range.ts';
import { answerFile, archive, type FileAnswer } from './files/store.ts';
import { storeOf, type Stores } from './files/stores.ts';
import { readRelease } from './releases.ts';

/** A file of a release, or the part of it that is asked for. Throws `not_found`, and `conflict` where it is not ready. */
export async function readFile(
  db: Database,
  stores: Stores,
  releaseId: string,
  name: string,
  headers: RangeHeaders,
): Promise<FileAnswer> {
  const { release, files } = await readReady(db, releaseId);
  return answerFile(storeOf(stores, release), releaseId, files, name, headers);
}

/** All files of a release as one tar. Throws as `readFile` does. */
export async function readArchive(
  db: Database,
  stores: Stores,
  releaseId: string,
): Promise<{ name: string; stream: Readable }> {
  const { release, files } = await readReady(db, releaseId);
  const root = folderOf(release);
  const moment = new Date(release.moment);
  return { name: `${root}.tar`, stream: archive(storeOf(stores, release), { id: releaseId, moment, root }, files) };
}

async function readReady(db: Database, releaseId: string): ReturnType<typeof readRelease> {
  const found = await readRelease(db, releaseId);
  if (found.release.state !== 'ready') throw new Refusal('conflict', 'The release is not ready: it has no files yet.');
  return found;
}
