import { describe, expect, test } from 'vitest';
import type { Described } from '../../server/releases/card/described.ts';
import { trainerConfigs } from '../../server/releases/card/trainers.ts';
import { commandsFor, patternOf } from '../../shared/release-commands.ts';
import { formatsOf, releaseDefinition, type ReleaseDefinitionInput, releaseKinds } from '../../shared/releases.ts';

function described(definition: ReleaseDefinitionInput, names: string[] = ['train', 'validation']): Described {
  const parsed = releaseDefinition.parse(definition);
  const ending =
    parsed.container === 'parquet'
      ? 'parquet'
      : { none: 'jsonl', gzip: 'jsonl.gz', zstd: 'jsonl.zst' }[parsed.compression];
  const splits = (['train', 'validation', 'test'] as const).filter((split) => names.includes(split));
  return {
    project: 'Kitchen talk',
    release: { id: 'x', number: 3, name: 'Third', notes: '', moment: '2026-11-20T10:00:00.000Z', definition: parsed },
    files: splits.map((split) => ({
      ...{ name: `data/${split}-00000-of-00001.${ending}`, split, rows: 5, bytes: 50, sha256: '0'.repeat(64) },
    })),
    splits: splits.map((split) => ({ split, rows: 5 })),
    ...{ fields: [], figures: null, remarks: [], mix: [], publicUrl: 'https://duologue.example.org' },
  };
}

const trainersOf = (given: Described): string[] => trainerConfigs(given).map(({ trainer }) => trainer);
const contentOf = (given: Described, name: string): string | undefined =>
  trainerConfigs(given)
    .flatMap(({ files }) => files)
    .find((file) => file.name === name)?.content;

describe('configuration for trainers', () => {
  test('comes only for those that read the format as it is', () => {
    const known = releaseKinds.flatMap((kind) =>
      formatsOf[kind].map(
        (format) => [`${kind} ${format}`, trainersOf(described({ kind, format })).join(', ')] as const,
      ),
    );
    expect(Object.fromEntries(known)).toEqual({
      'sft trl': 'TRL, OpenRLHF, axolotl',
      'sft trl_prompt_completion': 'TRL, OpenRLHF',
      'sft openai': 'TRL, OpenRLHF, axolotl',
      'sft sharegpt': 'LLaMA-Factory, axolotl',
      'sft alpaca': 'LLaMA-Factory, axolotl',
      'sft oasst': '',
      'comparisons trl': 'TRL, OpenRLHF, axolotl',
      'comparisons trl_implicit': 'TRL, OpenRLHF, axolotl',
      'comparisons openai': '',
      'comparisons sharegpt': 'LLaMA-Factory, axolotl',
      'comparisons hh': 'TRL, OpenRLHF',
      'comparisons kwise': '',
      'comparisons oasst': '',
      'unpaired trl': 'TRL',
      'unpaired sharegpt': 'LLaMA-Factory',
      'ratings helpsteer': '',
      'ratings duologue': '',
      'prompts trl': 'TRL, OpenRLHF',
      'prompts sharegpt': 'LLaMA-Factory',
      'feedback duologue': '',
      'raw duologue': '',
    });
  });

  test('does not come where there is nothing to train with', () => {
    expect(trainersOf(described({ kind: 'sft', format: 'trl' }, ['test']))).toEqual([]);
  });

  test('for TRL', () => {
    expect(contentOf(described({ kind: 'comparisons', format: 'trl' }), 'configs/trl.yaml')).toBe(
      `# TRL 1.16. Where the folder of the release lies:
#   trl reward --config release-3-comparisons/configs/trl.yaml
#   trl dpo --config release-3-comparisons/configs/trl.yaml
# Put the name or folder of your model in place of MODEL.
model_name_or_path: MODEL
dataset_name: release-3-comparisons
dataset_train_split: train
dataset_test_split: validation
eval_strategy: epoch
num_train_epochs: 1
per_device_train_batch_size: 1
gradient_accumulation_steps: 16
bf16: true
output_dir: output/trl
`,
    );
    const alone = contentOf(described({ kind: 'comparisons', format: 'trl' }, ['train']), 'configs/trl.yaml');
    expect(alone).toContain('eval_strategy: "no"');
    expect(alone).not.toContain('dataset_test_split');
  });

  test('for OpenRLHF', () => {
    expect(contentOf(described({ kind: 'sft', format: 'trl' }, ['train', 'test']), 'configs/openrlhf.sh')).toBe(
      `#!/usr/bin/env bash
# OpenRLHF 0.11. Where the folder of the release lies:
#   bash release-3-sft/configs/openrlhf.sh
# Put the name or folder of your model in place of MODEL.
set -eu
METHOD="\${1:-train_sft}"
deepspeed --module "openrlhf.cli.\${METHOD}" \\
  --model.model_name_or_path MODEL \\
  --data.dataset release-3-sft \\
  --data.dataset_split train \\
  --eval.dataset release-3-sft \\
  --eval.split test \\
  --data.input_key messages \\
  --data.apply_chat_template \\
  --data.multiturn \\
  --data.max_len 4096 \\
  --ckpt.output_dir output/openrlhf
`,
    );
    const ppo = contentOf(described({ kind: 'prompts', format: 'trl' }), 'configs/openrlhf.sh');
    expect(ppo).toContain('python3 -m openrlhf.cli.train_ppo_ray');
    expect(ppo).toContain('--reward.model_name_or_path REWARD_MODEL');
  });

  test('for LLaMA-Factory, with what dataset_info.json calls the data', () => {
    const given = described({ kind: 'unpaired', format: 'sharegpt', compression: 'gzip' });
    const config = contentOf(given, 'configs/llamafactory.yaml');
    expect(config).toContain('#   gunzip -k release-3-unpaired/data/*.gz\n');
    expect(config).toContain('stage: kto\n');
    expect(config).toContain('dataset_dir: release-3-unpaired\ndataset: train\neval_dataset: validation\n');
  });

  test('for axolotl', () => {
    const config = contentOf(described({ kind: 'sft', format: 'openai' }, ['train']), 'configs/axolotl.yaml');
    expect(config).toContain(`datasets:
- path: release-3-sft
  split: train
  type: chat_template
  field_messages: messages
  message_property_mappings:
    role: role
    content: content
  message_field_training: weight
val_set_size: 0
`);
  });
});

describe('commands', () => {
  const keysOf = (definition: ReleaseDefinitionInput, location: string | null = null): string[] => {
    const { release, files, publicUrl } = described(definition);
    return commandsFor({ release: { ...release, location }, files, publicUrl }).map(({ key }) => key);
  };

  test('are those that can read the release', () => {
    const fetching = ['archive', 'file', 'check'];
    expect(keysOf({ kind: 'sft', format: 'trl' })).toEqual([...fetching, 'datasets', 'pandas', 'duckdb']);
    expect(keysOf({ kind: 'sft', format: 'trl', container: 'parquet' })).toEqual([
      ...fetching,
      ...['datasets', 'pyarrow', 'duckdb'],
    ]);
    expect(keysOf({ kind: 'sft', format: 'oasst' })).toEqual([...fetching, 'lines']);
    expect(keysOf({ kind: 'raw', format: 'duologue' })).toEqual([...fetching, 'import', 'lines']);
    expect(keysOf({ kind: 'sft', format: 'trl' }, 's3://bucket/a b')).toContain('s3');
  });

  test('fetch only, where there are no rows', () => {
    const { release } = described({ kind: 'sft', format: 'trl' });
    const empty = commandsFor({ release: { ...release, location: null }, files: [], publicUrl: 'http://x' });
    expect(empty.map(({ key }) => key)).toEqual(['archive', 'check']);
  });

  test('quote what a shell would take apart', () => {
    const { release, files } = described({ kind: 'sft', format: 'trl' });
    const commands = commandsFor({
      ...{ files, publicUrl: "https://a.example.org/it's" },
      release: { ...release, location: 's3://bucket/$HOME' },
    });
    expect(commands.find(({ key }) => key === 's3')?.code).toBe("aws s3 sync 's3://bucket/$HOME' release-3-sft");
    expect(commands[0]?.code).toContain(`'https://a.example.org/it'\\''s/api/releases/x/archive'`);
  });

  test('take the shards of a split together', () => {
    expect(patternOf(['data/train-00000-of-00002.jsonl.gz', 'data/train-00001-of-00002.jsonl.gz'])).toBe(
      'data/train-*.jsonl.gz',
    );
    expect(patternOf(['a.jsonl', 'b.jsonl'])).toBeNull();
    expect(patternOf([])).toBeNull();
  });
});
