import type { ReleaseDefinition, ReleaseFigures, ReleaseFile, Remark, Split } from '../../../shared/releases.ts';
import { splits } from '../../../shared/releases.ts';
import type { Field } from '../examples.ts';
import { croissant } from './croissant.ts';
import { datasheet } from './datasheet.ts';
import type { Described, Text } from './described.ts';
import { lengthsSvg } from './lengths.ts';
import { readme } from './readme.ts';
import { trainerConfigs } from './trainers.ts';

/** A release whose rows are written. */
interface Written {
  readonly release: {
    readonly id: string;
    readonly projectId: string;
    readonly number: number;
    readonly name: string;
    readonly notes: string;
    readonly definition: ReleaseDefinition;
    readonly moment: Date;
  };
  readonly project: { readonly name: string };
  readonly files: readonly (Omit<ReleaseFile, 'split' | 'rows'> & { readonly split: Split; readonly rows: number })[];
  readonly fields: readonly Field[];
  readonly figures: ReleaseFigures | null;
  readonly remarks: readonly Remark[];
  /** Rows taken of each part of the definition's mix. */
  readonly mixed: readonly number[];
  readonly publicUrl: string;
}

/**
 * The texts that go along with a release's rows: README.md, DATASHEET.md with lengths.svg, croissant.json, and configuration
 * for trainers. They say nothing of when and where it was built, so that building it again gives the same bytes.
 */
export function describe(written: Written): Text[] {
  const { release, project, files, fields, figures, remarks, mixed, publicUrl } = written;
  const rowsIn = (split: Split): number =>
    files.filter((file) => file.split === split).reduce((sum, { rows }) => sum + rows, 0);
  return textsOf({
    ...{ files, fields, figures, remarks, publicUrl },
    project: project.name,
    release: { ...release, moment: release.moment.toISOString() },
    splits: splits.map((split) => ({ split, rows: rowsIn(split) })).filter(({ rows }) => rows > 0),
    mix: release.definition.mix.map(({ projectId, source }, at) => ({
      ...{ source, rows: mixed[at] ?? 0 },
      // Other projects stand under their ids, which do not change.
      project: projectId === release.projectId ? project.name : projectId,
    })),
  });
}

export function textsOf(described: Described): Text[] {
  const picture = described.figures && lengthsSvg(described.figures);
  const configs = trainerConfigs(described);
  return [
    { name: 'README.md', content: readme(described, configs) },
    { name: 'DATASHEET.md', content: datasheet(described) },
    ...(picture === null ? [] : [{ name: 'lengths.svg', content: picture }]),
    { name: 'croissant.json', content: croissant(described) },
    ...configs.flatMap(({ files }) => files),
  ];
}
