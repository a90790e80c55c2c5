import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { Output } from '../../shared/endpoint.ts';
import { type DatasetKind, datasetKinds, type exportCounts as exportCountsEndpoint } from '../../shared/releases.ts';
import type { Database } from '../db/database.ts';
import { comparisonRows } from './comparisons.ts';
import { type Counts, countDialogues, countPairs } from './queries.ts';
import { sftRows } from './sft.ts';

interface Dataset {
  /** JSON lines, each with its newline; what is yielded at a time may hold none or many. */
  rows: (db: Database, projectId: string) => AsyncGenerator<string>;
  count: (db: Database, projectId: string) => Promise<Counts>;
}

const datasets: Record<DatasetKind, Dataset> = {
  sft: { rows: sftRows, count: countDialogues },
  comparisons: { rows: comparisonRows, count: countPairs },
};

/** Text is handed on in chunks of at least this, in UTF-16 code units: a write for each row would cost more than the row. */
const chunkSize = 64 * 1024;

/** A dataset as JSON lines, in chunks of whole lines. The same rows give the same bytes. Memory does not grow with them. */
export async function* exportRows(db: Database, project: { id: string }, kind: DatasetKind): AsyncGenerator<string> {
  let chunk = '';
  for await (const rows of datasets[kind].rows(db, project.id)) {
    chunk += rows;
    if (chunk.length < chunkSize) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}

/** The same as a stream, which reads on only as far as it is read, and no more once it is destroyed. */
export function exportStream(db: Database, project: { id: string }, kind: DatasetKind): Readable {
  return Readable.from(exportRows(db, project, kind), { highWaterMark: 2 });
}

/** `<project>-<kind>.jsonl`, in letters that every file system and header takes. */
export function exportName(project: { name: string }, kind: DatasetKind | 'disputes' | 'feedback'): string {
  const slug = project.name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  return `${slug || 'project'}-${kind}.jsonl`;
}

export async function exportCounts(
  db: Database,
  project: { id: string },
): Promise<Output<typeof exportCountsEndpoint>> {
  return {
    counts: await Promise.all(
      datasetKinds.map(async (kind) => ({ kind, ...(await datasets[kind].count(db, project.id)) })),
    ),
  };
}

export interface WrittenFile {
  file: string;
  rows: number;
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
}

/** Writes `<kind>.jsonl` into a folder. It is there when it is whole: a file of that name is replaced at the end. */
export async function writeRelease(
  db: Database,
  project: { id: string },
  kind: DatasetKind,
  dir: string,
): Promise<WrittenFile> {
  await mkdir(dir, { recursive: true });
  const file = path.join(dir, `${kind}.jsonl`);
  const unfinished = path.join(dir, `.${kind}.${randomUUID()}.tmp`);
  const hash = createHash('sha256');
  let rows = 0;
  let bytes = 0;
  try {
    const handle = await open(unfinished, 'wx');
    try {
      for await (const chunk of exportRows(db, project, kind)) {
        const data = Buffer.from(chunk);
        for (let at = data.indexOf(10); at !== -1; at = data.indexOf(10, at + 1)) rows += 1;
        bytes += data.length;
        hash.update(data);
        await handle.writeFile(data);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
  } finally {
    await rm(unfinished, { force: true });
  }
  return { file, rows, bytes, sha256: hash.digest('hex') };
}
