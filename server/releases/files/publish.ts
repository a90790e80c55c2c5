import { createHash } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { roomOrRefusal } from '../../problem.ts';
import { filesIn, isNote, removeNotes, syncFolder, writeSynced } from './shard.ts';

/** A file of a release, as its list tells it. */
export interface StoredFile {
  readonly name: string;
  readonly bytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** The list of hashes; it is there when all that it names is. */
export const sumsName = 'SHA256SUMS';

/** Where a release lies, and where it is built, below the server's data. */
export const releaseFolder = (dataDir: string, releaseId: string): string => join(dataDir, 'releases', releaseId);
export const buildingFolder = (dataDir: string, releaseId: string): string =>
  join(dataDir, 'releases', `.building-${releaseId}`);

/** Writes a file that holds no rows, as the card, into the folder of a release that is being built. */
export async function writeDocument(folder: string, name: string, content: string | Uint8Array): Promise<StoredFile> {
  const bytes = Buffer.from(content);
  await roomOrRefusal(async () => {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeSynced(join(folder, name), bytes);
  });
  return { name, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

/**
 * Writes the hashes of all files, in the order of their names, so that `sha256sum -c SHA256SUMS` says whether they are as
 * they were. Throws where the folder holds anything else than these files in their sizes.
 */
export async function writeSums(folder: string, files: readonly StoredFile[]): Promise<StoredFile> {
  const sorted = files.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const there = (await filesIn(folder)).filter((name) => !isNote(name) && name !== sumsName).toSorted();
  if (there.join('\n') !== sorted.map(({ name }) => name).join('\n'))
    throw new Error(
      `the folder holds ${there.join(', ')}, and the release ${sorted.map(({ name }) => name).join(', ')}`,
    );
  for (const { name, bytes } of sorted)
    if ((await stat(join(folder, name))).size !== bytes) throw new Error(`${name} has not ${bytes} bytes`);
  return writeDocument(folder, sumsName, sorted.map(({ name, sha256 }) => `${sha256}  ${name}\n`).join(''));
}

/**
 * Gives the folder of a release that is built its name for good, in one step, after all in it is on the disk. What lay there
 * of an earlier build goes. Where that fails, the folder is removed.
 */
export async function publishFolder(building: string, final: string): Promise<void> {
  try {
    await roomOrRefusal(async () => {
      await removeNotes(building);
      for (const folder of foldersOf(await filesIn(building))) await syncFolder(join(building, folder));
      const before = `${building}.before`;
      await rm(before, { recursive: true, force: true });
      await rename(final, before).catch(ignoreMissing);
      await rename(building, final);
      await syncFolder(dirname(final));
      await rm(before, { recursive: true, force: true });
    });
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    throw error;
  }
}

/** All folders that hold these files, innermost first, and the one itself. */
function foldersOf(names: readonly string[]): string[] {
  const folders = new Set<string>(['.']);
  for (const name of names)
    for (let folder = dirname(name); folder !== '.'; folder = dirname(folder)) folders.add(folder);
  return [...folders].toSorted((a, b) => b.length - a.length);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
