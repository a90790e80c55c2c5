import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { expect } from 'vitest';
import { z } from 'zod';
import {
  createRelease,
  readRelease,
  readReleaseFile,
  type Release,
  type ReleaseDefinitionInput,
  type ReleaseFile,
  type Split,
} from '../../shared/releases.ts';
import type { Caller, TestApp } from './app.ts';

const anyRow = z.record(z.string(), z.unknown());

export interface Released {
  release: Release;
  files: ReleaseFile[];
}

/** Waits until a release has ended, however it did. */
export async function ended(t: TestApp, admin: Caller, releaseId: string): Promise<Released> {
  for (;;) {
    const found = await t.call(readRelease, { params: { releaseId } }, admin);
    if (found.release.state !== 'waiting' && found.release.state !== 'building') return found;
    await sleep(30);
  }
}

/** Builds a release and waits for it, however it ends. */
export async function build(
  t: TestApp,
  admin: Caller,
  projectId: string,
  definition: ReleaseDefinitionInput,
): Promise<Released> {
  const { release } = await t.call(createRelease, { params: { projectId }, body: { definition } }, admin);
  return ended(t, admin, release.id);
}

/** The same, and expects it to be ready. */
export async function built(...of: Parameters<typeof build>): Promise<Released> {
  const made = await build(...of);
  expect({ state: made.release.state, detail: made.release.detail }).toEqual({ state: 'ready', detail: null });
  return made;
}

/** The bytes of a file of a release. */
export async function fileOf(t: TestApp, admin: Caller, { release }: Released, name: string): Promise<Buffer> {
  const response = await t.send(readReleaseFile, { params: { releaseId: release.id, name } }, admin);
  expect(response.statusCode, name).toBe(200);
  return response.rawPayload;
}

/** The rows of JSON Lines files, split by split in the order of the files. */
export async function rowsOf(
  t: TestApp,
  admin: Caller,
  made: Released,
): Promise<{ split: Split; row: Record<string, unknown> }[]> {
  const rows: { split: Split; row: Record<string, unknown> }[] = [];
  for (const { name, split } of made.files) {
    if (split === null) continue;
    const bytes = await fileOf(t, admin, made, name);
    const text = (
      name.endsWith('.gz') ? gunzipSync(bytes) : name.endsWith('.zst') ? zstdDecompressSync(bytes) : bytes
    ).toString();
    for (const line of text.split('\n').slice(0, -1)) rows.push({ split, row: anyRow.parse(JSON.parse(line)) });
  }
  return rows;
}

/** The rows that a TRL release of a project has now, all of them in one split. */
export async function rowsNow(
  t: TestApp,
  admin: Caller,
  projectId: string,
  kind: 'sft' | 'comparisons',
): Promise<Record<string, unknown>[]> {
  const split = { train: 100, validation: 0, test: 0 };
  const made = await built(t, admin, projectId, { kind, format: 'trl', split });
  return (await rowsOf(t, admin, made)).map(({ row }) => row);
}
