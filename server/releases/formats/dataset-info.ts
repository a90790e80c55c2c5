import { posix } from 'node:path';
import type { ReleaseDefinition, ReleaseKind, Split } from '../../../shared/releases.ts';

/** A file that tells a program how to read the rows. */
export interface Companion {
  readonly name: string;
  readonly content: string;
}

/** A file of rows; its name has slashes, as in `data/train-00000-of-00001.jsonl`. */
interface RowsFile {
  readonly name: string;
  readonly split: Split;
}

/** What stands in dataset_info.json of a file's rows, by kind: `formatting`, `ranking` and `columns` of LLaMA-Factory's data/README. */
const sharegpt: Partial<Record<ReleaseKind, object>> = {
  sft: { formatting: 'sharegpt', columns: { messages: 'conversations' } },
  comparisons: {
    formatting: 'sharegpt',
    ranking: true,
    columns: { messages: 'conversations', chosen: 'chosen', rejected: 'rejected' },
  },
  unpaired: { formatting: 'sharegpt', columns: { messages: 'conversations', kto_tag: 'kto_tag' } },
  prompts: { formatting: 'sharegpt', columns: { messages: 'conversations' } },
};
const alpaca = { formatting: 'alpaca', columns: { prompt: 'instruction', query: 'input', response: 'output' } };

/**
 * The files that the release's format wants beside its rows: LLaMA-Factory's dataset_info.json for `sharegpt` and `alpaca`, for the
 * others none. A data set of its own stands for each file, since a folder would mix the splits. LLaMA-Factory reads nothing
 * that is compressed by gzip or zstd: there the files are named as they are called once unpacked.
 */
export function companions(
  { kind, format }: Pick<ReleaseDefinition, 'kind' | 'format'>,
  files: readonly RowsFile[],
): Companion[] {
  const entry = format === 'alpaca' ? alpaca : format === 'sharegpt' ? sharegpt[kind] : undefined;
  if (entry === undefined) return [];
  const info = Object.fromEntries(
    files.map((file) => [datasetName(file, files), { file_name: unpacked(file.name), ...entry }]),
  );
  return [{ name: 'dataset_info.json', content: `${JSON.stringify(info, null, 2)}\n` }];
}

/**
 * The name of a file's rows in dataset_info.json, as LLaMA-Factory's `dataset` takes it, several with commas between: the split, or
 * where that has several files, the file's own name.
 */
export function datasetName(file: RowsFile, files: readonly RowsFile[]): string {
  if (files.filter(({ split }) => split === file.split).length === 1) return file.split;
  return posix.basename(unpacked(file.name)).replace(/\.\w+$/, '');
}

function unpacked(name: string): string {
  return name.replace(/\.(gz|zst)$/, '');
}
