import type { ReleaseFormat, ReleaseKind, Split } from '../../../shared/releases.ts';
import { folderOf } from '../../../shared/release-commands.ts';
import { datasetName } from '../formats/dataset-info.ts';
import { type Described, filled, type Text } from './described.ts';
import { yaml, type Yaml } from './yaml.ts';

/*
 * Ready configuration for trainers, with the names of options that these versions know: TRL 1.16, LLaMA-Factory 0.9.5,
 * OpenRLHF 0.11, axolotl 0.19. All run where the release's folder lies, under its name (`datasets` cannot load a folder
 * called `.`). All but LLaMA-Factory read it through its README.md with `datasets`, whatever the container, compression and
 * number of files. Only for trainers that read the format as it is.
 */

export interface TrainerConfig {
  readonly trainer: string;
  /** What is run, in the folder that the release's folder lies in. */
  readonly run: readonly string[];
  readonly files: readonly Text[];
}

const modelHint = '# Put the name or folder of your model in place of MODEL.';
const rewardHint = '# Put the name or folder of your reward model in place of REWARD_MODEL.';

type Form = `${ReleaseKind} ${ReleaseFormat}`;

export function trainerConfigs(described: Described): TrainerConfig[] {
  const parts = filled(described).map(({ split }) => split);
  if (!parts.includes('train')) return [];
  const { kind, format } = described.release.definition;
  const form: Form = `${kind} ${format}`;
  const folder = folderOf(described.release);
  const held = parts.find((split) => split === 'validation' || split === 'test') ?? null;
  return [
    trl(form, held, folder),
    llamaFactory(form, held, described),
    openRlhf(form, held, folder),
    axolotl(form, held, folder),
  ].filter((config) => config !== null);
}

// ---- TRL ----

function trl(form: Form, held: Split | null, folder: string): TrainerConfig | null {
  const forms: Partial<Record<Form, { commands: string[]; own?: Record<string, Yaml>; notes?: string[] }>> = {
    'sft trl': {
      commands: ['sft'],
      own: { assistant_only_loss: true },
      notes: [
        '# assistant_only_loss needs a chat template with generation marks. Without it the loss is on all messages.',
      ],
    },
    'sft openai': {
      commands: ['sft'],
      own: { assistant_only_loss: true },
      notes: [
        '# assistant_only_loss needs a chat template with generation marks. Without it the loss is on all messages.',
        '# TRL does not read the weight of a message: all of the assistant are learned.',
      ],
    },
    'sft trl_prompt_completion': { commands: ['sft'] },
    'comparisons trl': { commands: ['reward', 'dpo'] },
    'comparisons trl_implicit': { commands: ['reward', 'dpo'] },
    'comparisons hh': { commands: ['reward', 'dpo'] },
    'unpaired trl': { commands: ['kto'] },
    'prompts trl': {
      commands: ['grpo', 'rloo'],
      own: { reward_model_name_or_path: 'REWARD_MODEL' },
      notes: [rewardHint],
    },
  };
  const known = forms[form];
  if (known === undefined) return null;
  const { commands, own, notes = [] } = known;
  const run = commands.map((command) => `trl ${command} --config ${folder}/configs/trl.yaml`);
  const settings = {
    model_name_or_path: 'MODEL',
    dataset_name: folder,
    dataset_train_split: 'train',
    ...(held === null ? { eval_strategy: 'no' } : { dataset_test_split: held, eval_strategy: 'epoch' }),
    ...own,
    num_train_epochs: 1,
    per_device_train_batch_size: commands.includes('grpo') ? 8 : 1,
    gradient_accumulation_steps: 16,
    bf16: true,
    output_dir: 'output/trl',
  };
  return {
    trainer: 'TRL',
    run,
    files: [{ name: 'configs/trl.yaml', content: commented(['# TRL 1.16', ...run, modelHint, ...notes], settings) }],
  };
}

// ---- LLaMA-Factory ----

/** The formats that dataset_info.json (formats/dataset-info.ts) describes; it names the data sets. */
function llamaFactory(form: Form, held: Split | null, described: Described): TrainerConfig | null {
  const forms: Partial<Record<Form, string[]>> = {
    'sft sharegpt': ['sft'],
    'sft alpaca': ['sft'],
    'comparisons sharegpt': ['rm', 'dpo'],
    'unpaired sharegpt': ['kto'],
    'prompts sharegpt': ['ppo'],
  };
  const [stage, ...others] = forms[form] ?? [];
  if (stage === undefined) return null;
  const ppo = stage === 'ppo';
  const files = described.files.flatMap(({ name, split }) => (split === null ? [] : [{ name, split }]));
  const named = (wanted: Split): string =>
    files
      .filter(({ split }) => split === wanted)
      .map((file) => datasetName(file, files))
      .join(',');
  const folder = folderOf(described.release);
  const unpack = { none: [], gzip: [`gunzip -k ${folder}/data/*.gz`], zstd: [`unzstd ${folder}/data/*.zst`] };
  const run = [
    ...unpack[described.release.definition.compression],
    `llamafactory-cli train ${folder}/configs/llamafactory.yaml`,
  ];
  const notes = [
    '# TEMPLATE is the name that LLaMA-Factory has for the chat template of that model.',
    ...(ppo ? [rewardHint] : []),
    ...(others.length > 0 ? [`# For another method, put ${others.join(' or ')} in place of ${stage}.`] : []),
  ];
  const settings = {
    model_name_or_path: 'MODEL',
    template: 'TEMPLATE',
    ...(ppo && { reward_model: 'REWARD_MODEL' }),
    stage,
    do_train: true,
    finetuning_type: 'lora',
    lora_target: 'all',
    dataset_dir: folder,
    dataset: named('train'),
    ...(held !== null && !ppo && { eval_dataset: named(held), eval_strategy: 'epoch' }),
    cutoff_len: 4096,
    num_train_epochs: 1,
    per_device_train_batch_size: 1,
    gradient_accumulation_steps: 16,
    learning_rate: ppo ? 0.00001 : 0.0001,
    lr_scheduler_type: 'cosine',
    bf16: true,
    output_dir: 'output/llamafactory',
  };
  const head = ['# LLaMA-Factory 0.9.5', ...run, modelHint, ...notes];
  return {
    ...{ trainer: 'LLaMA-Factory', run },
    files: [{ name: 'configs/llamafactory.yaml', content: commented(head, settings) }],
  };
}

// ---- OpenRLHF ----

function openRlhf(form: Form, held: Split | null, folder: string): TrainerConfig | null {
  const chat = '--data.apply_chat_template';
  const pair = ['--data.chosen_key chosen', '--data.rejected_key rejected'];
  const forms: Partial<Record<Form, { modules: string[]; data: string[]; notes?: string[] }>> = {
    'sft trl': { modules: ['train_sft'], data: ['--data.input_key messages', chat, '--data.multiturn'] },
    'sft openai': {
      modules: ['train_sft'],
      data: ['--data.input_key messages', chat, '--data.multiturn'],
      notes: ['# OpenRLHF does not read the weight of a message: all of the assistant are learned.'],
    },
    'sft trl_prompt_completion': {
      modules: ['train_sft'],
      data: ['--data.input_key prompt', '--data.output_key completion', chat],
    },
    'comparisons trl': { modules: ['train_rm', 'train_dpo'], data: ['--data.prompt_key prompt', ...pair, chat] },
    'comparisons trl_implicit': { modules: ['train_rm', 'train_dpo'], data: [...pair, chat] },
    'comparisons hh': { modules: ['train_rm'], data: pair },
    'prompts trl': { modules: ['train_ppo_ray'], data: ['--data.input_key prompt', chat], notes: [rewardHint] },
  };
  const known = forms[form];
  if (known === undefined) return null;
  const { modules, data, notes = [] } = known;
  const [first = '', ...others] = modules;
  const ppo = first === 'train_ppo_ray';
  const launch = ppo ? `python3 -m openrlhf.cli.${first}` : 'deepspeed --module "openrlhf.cli.${METHOD}"';
  const options = [
    ...(ppo
      ? [
          '--actor.model_name_or_path MODEL',
          '--reward.model_name_or_path REWARD_MODEL',
          `--data.prompt_dataset ${folder}`,
        ]
      : ['--model.model_name_or_path MODEL', `--data.dataset ${folder}`, '--data.dataset_split train']),
    ...(held === null || ppo ? [] : [`--eval.dataset ${folder}`, `--eval.split ${held}`]),
    ...data,
    '--data.max_len 4096',
    '--ckpt.output_dir output/openrlhf',
  ];
  const run = [first, ...others].map((module, index) =>
    [`bash ${folder}/configs/openrlhf.sh`, ...(index > 0 ? [module] : [])].join(' '),
  );
  const lines = [
    '#!/usr/bin/env bash',
    ...['OpenRLHF 0.11. Where the folder of the release lies:', ...run.map((line) => `  ${line}`)].map(
      (line) => `# ${line}`,
    ),
    ...[modelHint, ...notes],
    'set -eu',
    ...(ppo ? [] : [`METHOD="\${1:-${first}}"`]),
    [launch, ...options].join(' \\\n  '),
  ];
  return { trainer: 'OpenRLHF', run, files: [{ name: 'configs/openrlhf.sh', content: `${lines.join('\n')}\n` }] };
}

// ---- axolotl ----

function axolotl(form: Form, held: Split | null, folder: string): TrainerConfig | null {
  const plain = { role: 'role', content: 'content' };
  const sharegpt = { role: 'from', content: 'value' };
  const forms: Partial<Record<Form, { rl?: string; data: Record<string, Yaml> }>> = {
    'sft trl': { data: { type: 'chat_template', field_messages: 'messages', message_property_mappings: plain } },
    'sft openai': {
      data: {
        type: 'chat_template',
        field_messages: 'messages',
        message_property_mappings: plain,
        message_field_training: 'weight',
      },
    },
    'sft sharegpt': {
      data: { type: 'chat_template', field_messages: 'conversations', message_property_mappings: sharegpt },
    },
    'sft alpaca': { data: { type: 'alpaca' } },
    'comparisons trl': { rl: 'dpo', data: { type: 'chat_template.default', field_messages: 'prompt' } },
    'comparisons trl_implicit': { rl: 'dpo', data: { type: 'chat_template.argilla_chat' } },
    'comparisons sharegpt': {
      rl: 'dpo',
      data: {
        type: 'chat_template.default',
        field_messages: 'conversations',
        message_property_mappings: sharegpt,
        roles: { user: ['human'], assistant: ['gpt'], system: ['system'] },
      },
    },
  };
  const known = forms[form];
  if (known === undefined) return null;
  const { rl, data } = known;
  const run = [`axolotl train ${folder}/configs/axolotl.yaml`];
  const settings: Record<string, Yaml> = {
    base_model: 'MODEL',
    ...(form !== 'sft alpaca' && { chat_template: 'tokenizer_default' }),
    ...(rl !== undefined && { rl }),
    datasets: [{ path: folder, split: 'train', ...data }],
    ...(held === null ? { val_set_size: 0 } : { test_datasets: [{ path: folder, split: held, ...data }] }),
    sequence_len: 4096,
    num_epochs: 1,
    micro_batch_size: 1,
    gradient_accumulation_steps: 16,
    optimizer: 'adamw_torch_fused',
    learning_rate: rl === undefined ? 0.00001 : 0.000001,
    bf16: 'auto',
    output_dir: 'output/axolotl',
  };
  return {
    trainer: 'axolotl',
    run,
    files: [{ name: 'configs/axolotl.yaml', content: commented(['# axolotl 0.19', ...run, modelHint], settings) }],
  };
}

/** Settings below what is to be known of them; commands among that become comments too. */
function commented([title = '', ...notes]: string[], settings: Record<string, Yaml>): string {
  const head = notes.map((line) => (line.startsWith('#') ? line : `#   ${line}`));
  return [`${title}. Where the folder of the release lies:`, ...head, yaml(settings)].join('\n');
}
