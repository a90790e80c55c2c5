import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { pack } from 'tar-stream';
import { notFound, Refusal } from '../../problem.ts';
import { buildingFolder, publishFolder, releaseFolder, type StoredFile, writeSums } from './publish.ts';
import { answerRange, type ByteRange, type RangeHeaders } from './range.ts';

export interface PublishOptions {
  readonly signal?: AbortSignal;
  /** Told how many bytes have arrived so far, where they have a way to go. */
  readonly onBytes?: (bytes: number) => void;
}

/** Where the files of releases lie. */
export interface ReleaseStore {
  /**
   * Writes SHA256SUMS over these files, which are all that the release's building folder holds, and brings them to where
   * they can be read. Either all are there then, or it throws and none is; the building folder is gone both ways, save where
   * `signal` stopped it. Answers with the file of hashes, and with the address where it is not this server's disk.
   */
  publish(
    releaseId: string,
    files: readonly StoredFile[],
    options?: PublishOptions,
  ): Promise<{ sums: StoredFile; location: string | null }>;
  /** The bytes of a file that the release's list names; all where `range` is null. Throws `not_found` where it is gone. */
  openFile(releaseId: string, file: StoredFile, range: ByteRange | null): Promise<Readable>;
  /** Removes a release's files, and what was built of it. No error where there is none. */
  remove(releaseId: string, files: readonly StoredFile[]): Promise<void>;
}

/** Keeps releases as folders below the server's data. */
export function diskStore(dataDir: string): ReleaseStore {
  return {
    async publish(releaseId, files) {
      const building = buildingFolder(dataDir, releaseId);
      const sums = await orDiscard(dataDir, releaseId, () => writeSums(building, files));
      await publishFolder(building, releaseFolder(dataDir, releaseId));
      return { sums, location: null };
    },
    async openFile(releaseId, { name, bytes }, range) {
      const file = await open(join(releaseFolder(dataDir, releaseId), name), 'r').catch(() => null);
      if (!file || (await file.stat()).size !== bytes) {
        await file?.close();
        throw new Refusal('not_found', `${name} is no longer on the disk of this server as it was built.`);
      }
      if (bytes === 0) {
        await file.close();
        return Readable.from([]);
      }
      return file.createReadStream({
        start: range?.first ?? 0,
        end: range?.last ?? bytes - 1,
        highWaterMark: 256 << 10,
      });
    },
    async remove(releaseId) {
      await rm(releaseFolder(dataDir, releaseId), { recursive: true, force: true });
      await discardBuilding(dataDir, releaseId);
    },
  };
}

/** Removes what was built so far of a release. */
export async function discardBuilding(dataDir: string, releaseId: string): Promise<void> {
  await rm(buildingFolder(dataDir, releaseId), { recursive: true, force: true });
}

/** Does `work`, and removes what was built where it fails. */
export async function orDiscard<T>(dataDir: string, releaseId: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await discardBuilding(dataDir, releaseId);
    throw error;
  }
}

export interface FileAnswer {
  readonly status: 200 | 206 | 304 | 416;
  readonly headers: Readonly<Record<string, string | number>>;
  /** Null where there is no body. */
  readonly stream: Readable | null;
}

/**
 * Answers a request for a file of a release. The name is looked up in the release's own list, and nothing else is ever
 * opened. It goes out as bytes, whatever is in them: so nothing on the way compresses them or shows them as a page.
 */
export async function answerFile(
  store: ReleaseStore,
  releaseId: string,
  files: readonly StoredFile[],
  name: string,
  request: RangeHeaders,
): Promise<FileAnswer> {
  const file = files.find((one) => one.name === name);
  if (!file) throw notFound('file in this release');
  const { status, headers, bytes } = answerRange(request, file);
  if (bytes === 'none') return { status, headers, stream: null };
  const stream = await store.openFile(releaseId, file, bytes);
  const short = name.slice(name.lastIndexOf('/') + 1);
  return {
    status,
    headers: {
      ...headers,
      'Content-Type': 'application/octet-stream',
      'Content-Disposition': `attachment; filename="${short}"`,
    },
    stream,
  };
}

/**
 * All files of a release as one tar, below a folder `root`, in the order of their names. The same release makes the same
 * bytes. Reads no faster than it is read; a file that cannot be read breaks it off.
 */
export function archive(
  store: ReleaseStore,
  release: { readonly id: string; readonly moment: Date; readonly root: string },
  files: readonly StoredFile[],
): Readable {
  const tar = pack();
  // What goes wrong is told by `stream`, which breaks off with it.
  tar.on('error', () => undefined);
  const stream = Readable.from(tar, { objectMode: false });
  const left = new AbortController();
  stream.once('close', () => left.abort());
  const fill = async (): Promise<void> => {
    for (const file of files.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const source = await store.openFile(release.id, file, null);
      const entry = tar.entry({
        ...{ name: `${release.root}/${file.name}`, size: file.bytes, mtime: release.moment },
        ...{ mode: 0o644, uid: 0, gid: 0, uname: '', gname: '', type: 'file' },
      });
      await pipeline(source, entry, { signal: left.signal });
    }
    tar.finalize();
  };
  fill().catch((error: unknown) => {
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  return stream;
}
