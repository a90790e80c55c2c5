import path from 'node:path';
import { releaseInto } from '../../../server/releases/command.ts';
import { commandsFor } from '../../../shared/release-commands.ts';
import { findProject } from '../../../server/projects/projects.ts';
import { formatsOf, newRelease, type ReleaseKind, releaseKinds } from '../../../shared/releases.ts';
import type { TestApp } from '../../support/app.ts';

/** A release in a folder, as the Python programs read of it. */
export interface Built {
  /** As in `sft trl parquet`. */
  readonly name: string;
  readonly kind: string;
  readonly format: string;
  readonly container: string;
  readonly compression: string;
  readonly folder: string;
  /** The folder of the same rows as plain JSON Lines. */
  readonly plain: string;
  readonly splits: { readonly [split: string]: { readonly rows: number; readonly files: readonly string[] } };
  /** The programs for which its card has a command. */
  readonly offered: readonly string[];
}

type Container = { container: 'jsonl' | 'parquet'; compression: 'none' | 'gzip' | 'zstd' };

/** Plain JSON Lines first, which the others are compared with. */
const containers: readonly Container[] = [
  { container: 'jsonl', compression: 'none' },
  { container: 'jsonl', compression: 'gzip' },
  { container: 'jsonl', compression: 'zstd' },
  { container: 'parquet', compression: 'none' },
];

/**
 * A release of each kind in each format: as plain JSON Lines, as Parquet where it has columns, and compressed, by gzip and by zstd
 * in turn. By the function that `duologue release create` calls.
 */
export async function buildAll(
  t: TestApp,
  projectId: string,
  { kinds, folder }: { kinds: readonly ReleaseKind[]; folder: string },
): Promise<Built[]> {
  const project = await findProject(t.context.db, projectId);
  if (project === null) throw new Error('the project is gone');
  const split = { train: 60, validation: 20, test: 20 };
  const built: Built[] = [];
  let nth = 0;
  for (const kind of releaseKinds.filter((one) => kinds.includes(one)))
    for (const format of formatsOf[kind]) {
      const skipped = (nth += 1) % 2 === 0 ? 'gzip' : 'zstd';
      let plain: string | null = null;
      for (const { container, compression } of containers) {
        if (compression === skipped) continue;
        const parsed = newRelease.safeParse({ definition: { kind, format, container, compression, split } });
        // Trees and raw data have no columns, and no Parquet.
        if (!parsed.success && container === 'parquet') continue;
        if (!parsed.success) throw parsed.error;
        const written = container === 'parquet' ? container : compression === 'none' ? 'jsonl' : compression;
        const out = path.join(folder, `${kind}-${format}-${written}`);
        const { release, files } = await releaseInto(t.context, project, parsed.data, out);
        plain ??= out;
        const offered = commandsFor({ release, files, publicUrl: t.context.publicUrl() }).map(({ key }) => key);
        const splits: Record<string, { rows: number; files: string[] }> = {};
        for (const file of files) {
          if (file.split === null) continue;
          const of = (splits[file.split] ??= { rows: 0, files: [] });
          of.rows += file.rows ?? 0;
          of.files.push(file.name);
        }
        built.push({
          name: `${kind} ${format} ${written}`,
          kind,
          format,
          container,
          compression,
          folder: out,
          plain,
          splits,
          offered,
        });
      }
    }
  return built;
}
