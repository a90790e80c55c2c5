import { z } from 'zod';
import { taskKind } from '../../../shared/projects.ts';
import {
  origin,
  piiKind,
  piiKinds,
  rankingPolicies,
  releaseFormat,
  releaseKind,
  sftParts,
  unpairedBys,
  type Release,
} from '../../../shared/releases.ts';

/** A number as its field has it: null or undefined while that is empty. */
const typed = (usual: number | null) => z.number().nullish().default(usual).catch(usual);
const text = z.string().default('').catch('');
const texts = z.array(z.string()).default([]).catch([]);
const chosen = <T extends z.ZodType>(one: T) => z.array(one).default([]).catch([]);

const mixRow = z.object({
  projectId: z.string(),
  source: z.string().nullable(),
  by: z.enum(['count', 'weight']),
  amount: z.number().nullish(),
});
export type MixRow = z.infer<typeof mixRow>;

/** What is typed on the page, as it is kept in the browser; whatever of it no longer fits is as usual. */
export const fields = z.object({
  kind: releaseKind.default('sft').catch('sft'),
  format: releaseFormat.default('trl').catch('trl'),
  parts: z.array(z.enum(sftParts)).default(['demonstrations', 'dialogues']).catch(['demonstrations', 'dialogues']),
  rankings: z.enum(rankingPolicies).default('each').catch('each'),
  unpairedBy: z.enum(unpairedBys).default('ratings').catch('ratings'),
  goodFrom: typed(5),
  badUpTo: typed(3),

  rounds: chosen(z.number()),
  taskKinds: chosen(taskKind),
  overallMin: typed(null),
  overallMax: typed(null),
  withFlags: texts,
  withoutFlags: texts,
  minAgreement: typed(null),
  minRankings: typed(null),
  trainers: texts,
  withoutTrainers: texts,
  origins: chosen(origin),
  languages: texts,
  minCharacters: typed(null),
  maxCharacters: typed(null),
  sources: texts,
  /** As a field of date and time has them, in the time zone of the browser. */
  from: text,
  until: text,

  mix: chosen(mixRow),
  train: typed(90),
  validation: typed(5),
  test: typed(5),
  heldOutTrainers: texts,

  exactDuplicates: z.enum(['keep', 'drop']).default('drop').catch('drop'),
  nearDuplicates: z.enum(['keep', 'drop']).default('keep').catch('keep'),
  perSource: typed(null),
  perTrainer: typed(null),
  pii: z.enum(['keep', 'mark', 'mask', 'leave_out']).default('keep').catch('keep'),
  piiKinds: z
    .array(piiKind)
    .default([...piiKinds])
    .catch([...piiKinds]),
  benchmarks: texts,

  container: z.enum(['jsonl', 'parquet']).default('jsonl').catch('jsonl'),
  compression: z.enum(['none', 'gzip', 'zstd']).default('none').catch('none'),
  shardMegabytes: typed(500),
  names: z.enum(['pseudonyms', 'names']).default('pseudonyms').catch('pseudonyms'),
  seed: typed(0),
  destination: z.enum(['disk', 's3']).default('disk').catch('disk'),
  name: text,
  notes: text,
});
export type Fields = z.infer<typeof fields>;

/** The fields of a release that was made before. */
export function fieldsOf({ definition, destination, notes }: Release): Fields {
  const { filter, unpaired, split, hygiene, mix, ...rest } = definition;
  return fields.parse({
    ...rest,
    ...filter,
    ...split,
    ...hygiene,
    overallMin: filter.overall?.min,
    overallMax: filter.overall?.max,
    from: localOf(filter.from),
    until: localOf(filter.until),
    unpairedBy: unpaired.by,
    goodFrom: unpaired.goodFrom,
    badUpTo: unpaired.badUpTo,
    mix: mix.map(({ projectId, source, amount }) => ({
      projectId,
      source,
      by: amount.by,
      amount: amount.by === 'count' ? amount.rows : amount.perHundred,
    })),
    destination,
    notes,
  });
}

function localOf(iso: string | null): string {
  if (iso === null) return '';
  const moment = new Date(iso);
  const shifted = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return shifted.toISOString().replace(/(:00)?\.\d+Z$/, '');
}
