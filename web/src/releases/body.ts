import type { Input } from '../../../shared/endpoint.ts';
import { piiKinds, sftParts, type createRelease } from '../../../shared/releases.ts';
import type { Fields, MixRow } from './fields.ts';
import { fitting } from './fitting.ts';

export type Body = Input<typeof createRelease>['body'];

/** As the API takes it; what makes no sense for the kind stays on the page but is not asked for. */
export function bodyOf(value: Fields): Body {
  const fits = fitting(value);
  const name = value.name.trim();
  return {
    ...(name !== '' && { name }),
    notes: value.notes,
    destination: value.destination,
    definition: {
      kind: value.kind,
      format: value.format,
      container: fits.parquet ? value.container : 'jsonl',
      compression: fits.parquet && value.container === 'parquet' ? 'none' : value.compression,
      ...(value.shardMegabytes != null && { shardMegabytes: value.shardMegabytes }),
      ...(value.seed != null && { seed: value.seed }),
      names: value.names,
      ...(fits.parts && { parts: sftParts.filter((part) => value.parts.includes(part)) }),
      ...(fits.policy && { rankings: value.rankings }),
      ...(fits.unpaired && {
        unpaired: {
          by: value.unpairedBy,
          ...(value.goodFrom != null && { goodFrom: value.goodFrom }),
          ...(value.badUpTo != null && { badUpTo: value.badUpTo }),
        },
      }),
      ...(fits.filter && { filter: filterOf(value) }),
      ...(fits.mix && { mix: value.mix.map(mixOf) }),
      ...(fits.split && {
        split: {
          train: value.train ?? 0,
          validation: value.validation ?? 0,
          test: value.test ?? 0,
          heldOutTrainers: value.heldOutTrainers,
        },
      }),
      ...(fits.hygiene && {
        hygiene: {
          exactDuplicates: value.exactDuplicates,
          nearDuplicates: value.nearDuplicates,
          perSource: value.perSource ?? null,
          perTrainer: value.perTrainer ?? null,
          pii: value.pii,
          piiKinds: piiKinds.filter((kind) => value.piiKinds.includes(kind)),
          benchmarks: value.benchmarks,
        },
      }),
    },
  };
}

function filterOf(value: Fields): Body['definition']['filter'] {
  const fits = fitting(value);
  const overall = { min: value.overallMin ?? null, max: value.overallMax ?? null };
  return {
    rounds: value.rounds.toSorted((a, b) => a - b),
    taskKinds: fits.taskKinds.filter((kind) => value.taskKinds.includes(kind)),
    trainers: value.trainers,
    withoutTrainers: value.withoutTrainers,
    origins: value.origins,
    languages: value.languages,
    sources: value.sources,
    minCharacters: value.minCharacters ?? null,
    maxCharacters: value.maxCharacters ?? null,
    from: isoOf(value.from),
    until: isoOf(value.until),
    ...(fits.rubric && {
      overall: overall.min === null && overall.max === null ? null : overall,
      withFlags: value.withFlags,
      withoutFlags: value.withoutFlags,
    }),
    ...(fits.rankings && { minAgreement: value.minAgreement ?? null, minRankings: value.minRankings ?? null }),
  };
}

function mixOf({ projectId, source, by, amount }: MixRow): NonNullable<Body['definition']['mix']>[number] {
  // An empty amount is refused as 0 is, beside its field.
  const number = amount ?? 0;
  return {
    projectId,
    source,
    amount: by === 'count' ? { by, rows: number } : { by, perHundred: number },
  };
}

function isoOf(local: string): string | null {
  const moment = new Date(local);
  return Number.isNaN(moment.getTime()) ? null : moment.toISOString();
}
