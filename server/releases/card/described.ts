import type { Release, ReleaseFigures, ReleaseFile, Remark, Split } from '../../../shared/releases.ts';
import { filesBySplit } from '../../../shared/release-commands.ts';
import type { Field, FieldType } from '../examples.ts';

/** All that the texts which go along with a release are made of. The same gives the same bytes. */
export interface Described {
  /** The project's name. */
  readonly project: string;
  readonly release: Pick<Release, 'id' | 'number' | 'name' | 'notes' | 'definition' | 'moment'>;
  /** Those that hold rows. */
  readonly files: readonly ReleaseFile[];
  readonly splits: readonly { readonly split: Split; readonly rows: number }[];
  /** Of the format; empty where rows have no columns in common, as trees. */
  readonly fields: readonly Field[];
  readonly figures: ReleaseFigures | null;
  readonly remarks: readonly Remark[];
  /** What was mixed in, and how many rows of it. `source` as the import says it; null for all of the project. */
  readonly mix: readonly { readonly project: string; readonly source: string | null; readonly rows: number }[];
  /** Where people reach the server, without a trailing slash. */
  readonly publicUrl: string;
}

/** A file beside the data. */
export interface Text {
  readonly name: string;
  readonly content: string;
}

/** A split that has rows. */
export interface Filled {
  readonly split: Split;
  readonly rows: number;
  /** Of its files, as they are stored. */
  readonly bytes: number;
  readonly names: readonly string[];
}

/** The splits that have rows. Others are not named to programs: they would look for files of them. */
export function filled({ files, splits }: Pick<Described, 'files' | 'splits'>): Filled[] {
  return filesBySplit(files).map(({ split, names }) => ({
    ...{ split, names },
    rows: splits.find((one) => one.split === split)?.rows ?? 0,
    bytes: files.filter((file) => file.split === split).reduce((sum, file) => sum + file.bytes, 0),
  }));
}

/** The columns; none where some hold JSON of any form, which has no type that programs agree on. */
export function columnsOf({ fields }: Pick<Described, 'fields'>): readonly Field[] {
  const isTyped = (type: FieldType): boolean => {
    if (typeof type === 'string') return type !== 'json';
    return 'list' in type ? isTyped(type.list) : type.struct.every((field) => isTyped(field.type));
  };
  return fields.every(({ type }) => isTyped(type)) ? fields : [];
}

/** Of all splits. */
export function rowsOf({ splits }: Pick<Described, 'splits'>): number {
  return splits.reduce((sum, { rows }) => sum + rows, 0);
}

export const kindNames = {
  sft: 'dialogues to imitate (supervised fine-tuning)',
  comparisons: 'comparisons of completions (reward modelling, DPO)',
  unpaired: 'completions that are good or bad by themselves (KTO)',
  ratings: 'completions with the answers to a rubric',
  prompts: 'prompts for a policy to answer (PPO)',
  feedback: 'what people said of model-written messages',
  raw: 'all of a project, to move it to another Duologue',
} as const;

export const formatNames = {
  trl: "TRL's conversational form",
  trl_prompt_completion: "TRL's prompt and completion",
  trl_implicit: "TRL's preference with the prompt inside both sides",
  openai: "OpenAI's fine-tuning form",
  sharegpt: 'ShareGPT, as LLaMA-Factory reads it',
  hh: 'transcripts as of Anthropic HH',
  kwise: 'all K completions in one row',
  oasst: 'trees as of Open-Assistant',
  helpsteer: 'rows as of HelpSteer',
  alpaca: 'Alpaca',
  duologue: "Duologue's own",
} as const;
