import { z } from 'zod';
import { endpoint } from './endpoint.ts';
import { message } from './conversations.ts';
import { projectParams, taskKind } from './projects.ts';

/**
 * Where a row's text comes from: a trainer here, a trainer who took some of it from a model's suggestions, a model, or an
 * import that does not say.
 */
export const origins = ['human', 'human_edited', 'model', 'import'] as const;
export const origin = z.enum(origins);
export type Origin = z.infer<typeof origin>;

// ---- what a release is made of ----

/**
 * - `sft`: dialogues to imitate
 * - `comparisons`: which completion is better, as pairs or all K together
 * - `unpaired`: completions that are good or bad by themselves, as KTO takes them
 * - `ratings`: a row for each completion, with the answers to the rubric
 * - `prompts`: what a policy is to answer while it is trained (PPO), none of which the other kinds hold
 * - `feedback`: what people said of model-written messages
 * - `raw`: all of the project, to move it to another Duologue
 */
export const releaseKinds = ['sft', 'comparisons', 'unpaired', 'ratings', 'prompts', 'feedback', 'raw'] as const;
export const releaseKind = z.enum(releaseKinds);
export type ReleaseKind = z.infer<typeof releaseKind>;

export const releaseFormats = [
  'trl',
  'trl_prompt_completion',
  'trl_implicit',
  'openai',
  'sharegpt',
  'hh',
  'kwise',
  'oasst',
  'helpsteer',
  'alpaca',
  'duologue',
] as const;
export const releaseFormat = z.enum(releaseFormats);
export type ReleaseFormat = z.infer<typeof releaseFormat>;

/** The formats that a kind can be written in; the first is the usual one. */
export const formatsOf = {
  sft: ['trl', 'trl_prompt_completion', 'openai', 'sharegpt', 'alpaca', 'oasst'],
  comparisons: ['trl', 'trl_implicit', 'openai', 'sharegpt', 'hh', 'kwise', 'oasst'],
  unpaired: ['trl', 'sharegpt'],
  ratings: ['helpsteer', 'duologue'],
  prompts: ['trl', 'sharegpt'],
  feedback: ['duologue'],
  raw: ['duologue'],
} as const satisfies Record<ReleaseKind, readonly [ReleaseFormat, ...ReleaseFormat[]]>;

/** What an SFT dataset is taken from: what trainers wrote, imported dialogues, and the completions that were ranked best. */
export const sftParts = ['demonstrations', 'dialogues', 'best'] as const;
export type SftPart = (typeof sftParts)[number];

/**
 * What becomes of several rankings of one comparison.
 * - `each`: every ranking makes its own rows
 * - `majority`: of each two completions, the one that more rankings place above the other is better; as many for each is a tie
 * - `consensus`: one ranking by ranked pairs (Tideman), ties of strength broken by the completions' ids
 *
 * A tie makes no pair.
 */
export const rankingPolicies = ['each', 'majority', 'consensus'] as const;
export type RankingPolicy = (typeof rankingPolicies)[number];

/** By what a completion is good or bad: the overall rating, thumbs in a chat, or being ranked best or worst. */
export const unpairedBys = ['ratings', 'thumbs', 'best_worst'] as const;

/** Kinds of personal data that are looked for. */
export const piiKinds = ['email', 'phone', 'card', 'national_id', 'ip_address'] as const;
export const piiKind = z.enum(piiKinds);
export type PiiKind = z.infer<typeof piiKind>;

const ids = z.array(z.uuid()).max(1_000);
const share = z.number().min(0).max(100);
const whole = z.number().int().min(0);

/** Which of what was collected is taken. An empty list, like a null, asks nothing. */
export const releaseFilter = z.strictObject({
  /** Numbers of rounds; 0 is what was made before the first. */
  rounds: z.array(whole).max(1_000).default([]),
  /** By the kind of task that it comes from. What is imported comes from none, and is left out where this names any. */
  taskKinds: z.array(taskKind).max(4).default([]),
  /** The mean overall rating of the completion, or of a pair's better one. What nobody rated is left out where this asks. */
  overall: z.strictObject({ min: z.number().nullable(), max: z.number().nullable() }).nullable().default(null),
  /** Left out where any trainer raised one of these. */
  withoutFlags: z.array(z.string().max(60)).max(40).default([]),
  /** Only where some trainer raised one of these. */
  withFlags: z.array(z.string().max(60)).max(40).default([]),
  /** Of a comparison: of all pairs that two rankings order, so many in a hundred are ordered the same. Asks for two rankings. */
  minAgreement: share.nullable().default(null),
  /** Of a comparison. */
  minRankings: z.number().int().min(1).max(100).nullable().default(null),
  /** Only what these trainers made. */
  trainers: ids.default([]),
  /** Nothing that these trainers made. */
  withoutTrainers: ids.default([]),
  origins: z.array(origin).max(4).default([]),
  /** ISO 639-1 codes. */
  languages: z
    .array(z.string().regex(/^[a-z]{2,3}$/))
    .max(200)
    .default([]),
  /** Of all messages of a row together, in UTF-16 code units. */
  minCharacters: whole.nullable().default(null),
  maxCharacters: whole.nullable().default(null),
  /** Where an import says it is from. */
  sources: z.array(z.string().max(500)).max(200).default([]),
  /** When it was made: from this moment on, and before that one. */
  from: z.iso.datetime().nullable().default(null),
  until: z.iso.datetime().nullable().default(null),
});
export type ReleaseFilter = z.infer<typeof releaseFilter>;

/** Imported dialogues to be mixed in; of this project or of another. */
const mixPart = z.strictObject({
  projectId: z.uuid(),
  /** Those that say they are from here; null for all imported dialogues of that project. */
  source: z.string().max(500).nullable().default(null),
  /** So many rows, or so many for each hundred collected ones. */
  amount: z.discriminatedUnion('by', [
    z.strictObject({ by: z.literal('count'), rows: z.number().int().min(1) }),
    z.strictObject({ by: z.literal('weight'), perHundred: z.number().positive().max(100_000) }),
  ]),
});
export type MixPart = z.infer<typeof mixPart>;

const usualSplit = { train: 90, validation: 5, test: 5 };

/** All that decides what is in a release. The same definition, moment and data give the same bytes. */
export const releaseDefinition = z
  .strictObject({
    kind: releaseKind,
    format: releaseFormat,
    container: z.enum(['jsonl', 'parquet']).default('jsonl'),
    /** Of JSON Lines; Parquet compresses by itself. */
    compression: z.enum(['none', 'gzip', 'zstd']).default('none'),
    /** A file is ended at the first row with which it has so many megabytes, before compression. */
    shardMegabytes: z.number().int().min(1).max(10_000).default(500),
    filter: releaseFilter.prefault({}),
    parts: z.array(z.enum(sftParts)).min(1).default(['demonstrations', 'dialogues']),
    rankings: z.enum(rankingPolicies).default('each'),
    unpaired: z
      .strictObject({
        by: z.enum(unpairedBys).default('ratings'),
        /** Of ratings: good from here on, bad up to there; between them makes no row. */
        goodFrom: z.number().default(5),
        badUpTo: z.number().default(3),
      })
      .prefault({}),
    mix: z.array(mixPart).max(20).default([]),
    /** Shares of the near-duplicate groups of prompts in a hundred; together at most 100, the rest is left out. */
    split: z
      .strictObject({ train: share, validation: share, test: share, heldOutTrainers: ids.default([]) })
      .prefault(usualSplit),
    hygiene: z
      .strictObject({
        /** Of rows with the same text, the first stays. */
        exactDuplicates: z.enum(['keep', 'drop']).default('drop'),
        /** Of prompts that are nearly the same, those that are the same as the first stay. */
        nearDuplicates: z.enum(['keep', 'drop']).default('keep'),
        /** At most so many rows from one import source, or with work of one trainer; the first stay. */
        perSource: z.number().int().min(1).nullable().default(null),
        perTrainer: z.number().int().min(1).nullable().default(null),
        /** `mark` adds a column that names what was found; `mask` puts `[EMAIL]` and the like in its place. */
        pii: z.enum(['keep', 'mark', 'mask', 'leave_out']).default('keep'),
        piiKinds: z.array(piiKind).default([...piiKinds]),
        /** Uploaded lists of prompts that a model is tested with: what holds one of them is left out. */
        benchmarks: ids.default([]),
      })
      .prefault({}),
    /** Trainers stand under stable pseudonyms unless an admin wants their names. */
    names: z.enum(['pseudonyms', 'names']).default('pseudonyms'),
    /** Of all that is drawn by chance. */
    seed: z
      .number()
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .default(0),
  })
  .superRefine(({ kind, format, container, compression, rankings, split, mix, unpaired }, context) => {
    const refuse = (path: string[], text: string): void => context.addIssue({ code: 'custom', path, message: text });
    const formats: readonly string[] = formatsOf[kind];
    if (!formats.includes(format)) refuse(['format'], `${kind} can be written as ${formats.join(', ')}`);
    if (container === 'parquet' && compression !== 'none') refuse(['compression'], 'Parquet compresses by itself');
    if (container === 'parquet' && (format === 'oasst' || kind === 'raw'))
      refuse(['container'], 'trees and raw data have no columns: write them as JSON Lines');
    if (split.train + split.validation + split.test > 100.000001) refuse(['split'], 'must be at most 100 together');
    if (split.train + split.validation + split.test <= 0) refuse(['split'], 'must leave something');
    if (kind === 'comparisons' && format === 'kwise' && rankings === 'majority')
      refuse(['rankings'], 'a majority makes pairs: rows of all K take each ranking or the consensus');
    if (mix.length > 0 && kind !== 'sft') refuse(['mix'], 'dialogues can be mixed into sft alone');
    if (mix.length > 0 && format === 'oasst') refuse(['mix'], 'dialogues cannot be mixed into trees');
    if (unpaired.badUpTo >= unpaired.goodFrom) refuse(['unpaired', 'badUpTo'], 'must be below goodFrom');
  });
export type ReleaseDefinition = z.infer<typeof releaseDefinition>;
export type ReleaseDefinitionInput = z.input<typeof releaseDefinition>;

/** Names of the splits, in the order in which they are told. */
export const splits = ['train', 'validation', 'test', 'held_out'] as const;
export const splitName = z.enum(splits);
export type Split = z.infer<typeof splitName>;

/** Something that is not in a release, or not as it was, and how often; in words. */
export const remark = z.object({ text: z.string(), count: z.number().int() });
export type Remark = z.infer<typeof remark>;

const splitRows = z.array(z.object({ split: splitName, rows: z.number().int() }));

// ---- releases ----

export const releaseStates = ['waiting', 'building', 'ready', 'failed', 'cancelled'] as const;
export const releaseState = z.enum(releaseStates);
export type ReleaseState = z.infer<typeof releaseState>;

export const releaseFile = z.object({
  /** With slashes, as in `data/train-00000-of-00001.parquet`. */
  name: z.string(),
  /** Null for a file that holds no rows, as the card. */
  split: splitName.nullable(),
  rows: z.number().int().nullable(),
  bytes: z.number().int(),
  /** Hexadecimal. */
  sha256: z.string(),
});
export type ReleaseFile = z.infer<typeof releaseFile>;

/** A share of the rows, for the chart and the card. */
const portion = z.object({ name: z.string(), rows: z.number().int() });

/** What a release is made of, in figures; all but `hours` are of rows. */
export const releaseFigures = z.object({
  /** Trainers whose work is in it. */
  people: z.number().int(),
  /** Active time of the assignments that are in it. */
  hours: z.number(),
  languages: z.array(portion),
  origins: z.array(portion),
  sources: z.array(portion),
  rounds: z.array(portion),
  models: z.array(portion),
  /**
   * Of the pairs that two rankings of one comparison order, the share that is ordered the same, ties left out: the mean over
   * so many comparisons; null where none was ranked twice.
   */
  agreement: z.object({ share: z.number(), comparisons: z.number().int() }).nullable(),
  /** Characters of a row's texts, in bins that double: `below` 2^n. */
  lengths: z.array(z.object({ below: z.number().int(), rows: z.number().int() })),
});
export type ReleaseFigures = z.infer<typeof releaseFigures>;

export const release = z.object({
  id: z.uuid(),
  projectId: z.uuid(),
  /** From 1, within the project. */
  number: z.number().int(),
  name: z.string(),
  notes: z.string(),
  definition: z.custom<ReleaseDefinition>(),
  /** What was collected up to here is in it. */
  moment: z.iso.datetime(),
  state: releaseState,
  /** Why it failed, or what it waits for. */
  detail: z.string().nullable(),
  createdBy: z.string().nullable(),
  createdAt: z.iso.datetime(),
  endedAt: z.iso.datetime().nullable(),
  /** While it is built. `share` from 0 to 1; null where it cannot be told. */
  progress: z
    .object({
      step: z.string(),
      rows: z.number().int(),
      bytes: z.number().int(),
      share: z.number().nullable(),
      secondsLeft: z.number().nullable(),
    })
    .nullable(),
  rows: z.number().int(),
  bytes: z.number().int(),
  splits: splitRows,
  remarks: z.array(remark),
  figures: releaseFigures.nullable(),
  destination: z.enum(['disk', 's3']),
  /** Where on S3, as `s3://bucket/prefix`. */
  location: z.string().nullable(),
  /** Data in it was deleted since, on a person's request: it is not to be used any more, nor can it be built again. */
  holdsDeleted: z.boolean(),
});
export type Release = z.infer<typeof release>;

export const newRelease = z.strictObject({
  name: z.string().trim().min(1, 'must not be empty').max(120).optional(),
  notes: z.string().max(20_000).default(''),
  definition: releaseDefinition,
  destination: z.enum(['disk', 's3']).default('disk'),
});

const releaseParams = z.object({ releaseId: z.uuid() });
const oneRelease = z.object({ release });

export const createRelease = endpoint({
  method: 'POST',
  path: '/api/projects/:projectId/releases',
  access: 'admin',
  summary: 'Build a release of what is collected up to now',
  params: projectParams,
  body: newRelease,
  response: oneRelease,
  status: 201,
});
export const listReleases = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId/releases',
  access: 'admin',
  summary: 'The releases of a project, the newest first',
  params: projectParams,
  response: z.object({ releases: z.array(release) }),
});
export const readRelease = endpoint({
  method: 'GET',
  path: '/api/releases/:releaseId',
  access: 'admin',
  summary: 'One release, with its files',
  params: releaseParams,
  response: z.object({ release, files: z.array(releaseFile) }),
});
export const cancelRelease = endpoint({
  method: 'POST',
  path: '/api/releases/:releaseId/cancel',
  access: 'admin',
  summary: 'Stop building a release; what is written of it is removed',
  params: releaseParams,
  response: oneRelease,
});
export const rebuildRelease = endpoint({
  method: 'POST',
  path: '/api/releases/:releaseId/rebuild',
  access: 'admin',
  summary: 'Build a failed, cancelled or ready release again: the same bytes',
  params: releaseParams,
  response: oneRelease,
});
export const deleteRelease = endpoint({
  method: 'DELETE',
  path: '/api/releases/:releaseId',
  access: 'admin',
  summary: 'Remove a release and its files',
  params: releaseParams,
  response: null,
});
export const readReleaseFile = endpoint({
  method: 'GET',
  path: '/api/releases/:releaseId/files/:name',
  access: 'admin',
  summary: 'A file of a release; takes Range. A slash in its name is written %2F',
  params: z.object({ releaseId: z.uuid(), name: z.string().max(200) }),
  response: 'stream',
});
export const readReleaseArchive = endpoint({
  method: 'GET',
  path: '/api/releases/:releaseId/archive',
  access: 'admin',
  summary: 'All files of a release as one tar',
  params: releaseParams,
  response: 'stream',
});

// ---- before it is built ----

/** What a definition would give now. */
export const previewRelease = endpoint({
  method: 'POST',
  path: '/api/projects/:projectId/releases/preview',
  access: 'admin',
  summary: 'How many rows a definition would give now, and the first of them',
  params: projectParams,
  body: z.strictObject({ definition: releaseDefinition }),
  response: z.object({
    /** By split; of what was gone through. */
    splits: splitRows,
    /** False where there is more than could be gone through in two seconds; `share` says how much of it was. */
    complete: z.boolean(),
    share: z.number(),
    remarks: z.array(remark),
    /** Rows as they would be written, one JSON text each. */
    rows: z.array(z.object({ split: splitName, json: z.string() })),
    /** Why it cannot be built as it is; null where it can. */
    fault: z.string().nullable(),
  }),
});

/** What there is to choose from. */
export const releaseChoices = endpoint({
  method: 'GET',
  path: '/api/projects/:projectId/releases/choices',
  access: 'admin',
  summary: 'Rounds, trainers, sources, languages and instruction data that a definition can name',
  params: projectParams,
  response: z.object({
    rounds: z.array(z.object({ number: z.number().int(), name: z.string() })),
    trainers: z.array(z.object({ id: z.uuid(), name: z.string() })),
    sources: z.array(z.string()),
    languages: z.array(z.string()),
    flags: z.array(z.object({ key: z.string(), label: z.string() })),
    /** The highest overall rating; null where the rubric asks for none. */
    overallMax: z.number().int().nullable(),
    /** Imported dialogues that can be mixed in. */
    instructions: z.array(
      z.object({
        projectId: z.uuid(),
        project: z.string(),
        source: z.string().nullable(),
        dialogues: z.number().int(),
      }),
    ),
    benchmarks: z.array(z.object({ id: z.uuid(), name: z.string(), prompts: z.number().int() })),
    /** Whether this server can write to S3. */
    s3: z.boolean(),
  }),
});

// ---- what differs, what was found ----

export const compareReleases = endpoint({
  method: 'GET',
  path: '/api/releases/:releaseId/differences',
  access: 'admin',
  summary: 'Rows added, removed and changed from another release of the same kind',
  params: releaseParams,
  query: z.object({ from: z.uuid() }),
  response: z.object({
    added: z.number().int(),
    removed: z.number().int(),
    changed: z.number().int(),
    same: z.number().int(),
    /** What differs in the two definitions, in words. */
    definition: z.array(z.object({ field: z.string(), from: z.string(), to: z.string() })),
  }),
});

export const listFindings = endpoint({
  method: 'GET',
  path: '/api/releases/:releaseId/findings',
  access: 'admin',
  summary: 'Personal data that the scan of a release found, in the order of its rows',
  params: releaseParams,
  query: z.object({ kind: piiKind.optional(), after: z.coerce.number().int().default(0) }),
  response: z.object({
    sums: z.array(z.object({ kind: piiKind, count: z.number().int() })),
    findings: z.array(
      z.object({
        id: z.number().int(),
        kind: piiKind,
        rowId: z.string(),
        /** What was found, with what stands around it. */
        before: z.string(),
        found: z.string(),
        after: z.string(),
      }),
    ),
    /** For the request of the page that follows; null at the end. */
    next: z.number().int().nullable(),
  }),
});

// ---- benchmarks ----

export const benchmark = z.object({
  id: z.uuid(),
  name: z.string(),
  prompts: z.number().int(),
  createdAt: z.iso.datetime(),
});
export const uploadBenchmark = endpoint({
  method: 'POST',
  path: '/api/benchmarks',
  access: 'admin',
  summary:
    'A list of prompts that models are tested with: lines of text, or JSON Lines with a prompt, question or text',
  query: z.object({ name: z.string().trim().min(1).max(120) }),
  body: 'stream',
  response: z.object({ benchmark }),
  status: 201,
});
export const listBenchmarks = endpoint({
  method: 'GET',
  path: '/api/benchmarks',
  access: 'admin',
  summary: 'The lists of prompts that releases can be checked against',
  response: z.object({ benchmarks: z.array(benchmark) }),
});
export const deleteBenchmark = endpoint({
  method: 'DELETE',
  path: '/api/benchmarks/:benchmarkId',
  access: 'admin',
  summary: 'Remove a list; releases that were checked against it stay as they are, but cannot be built again',
  params: z.object({ benchmarkId: z.uuid() }),
  response: null,
});

/** A prompt as it stands in rows of several formats. */
export const promptMessages = z.array(message);
