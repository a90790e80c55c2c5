import type {
  Origin,
  PiiKind,
  RankingPolicy,
  ReleaseDefinition,
  ReleaseFormat,
  ReleaseKind,
  ReleaseState,
  SftPart,
  Split,
} from '../../../shared/releases.ts';

interface Words {
  name: string;
  about: string;
}

export const kindWords: Record<ReleaseKind, Words> = {
  sft: { name: 'Dialogues (SFT)', about: 'Dialogues to imitate: written here, imported, or ranked best.' },
  comparisons: { name: 'Comparisons', about: 'Which completion is better, for reward models and DPO.' },
  unpaired: { name: 'Unpaired', about: 'Completions that are good or bad by themselves, as KTO takes them.' },
  ratings: { name: 'Ratings', about: 'One row for each completion, with the answers to the rubric.' },
  prompts: {
    name: 'Prompts',
    about: 'What a policy is to answer in PPO. None of them stands in what the other kinds train on.',
  },
  feedback: { name: 'Feedback', about: 'Thumbs, words and reports on what models wrote in chats.' },
  raw: { name: 'Everything', about: 'All of the project, to move it to another Duologue without loss.' },
};

export const formatWords: Record<ReleaseFormat, Words> = {
  trl: {
    name: 'TRL',
    about: 'Messages as TRL reads them, and OpenRLHF and axolotl too; the prompt is not repeated in the answers.',
  },
  trl_prompt_completion: {
    name: 'TRL, prompt and completion',
    about: 'The last answer apart from what leads to it, so that only the answer is trained on.',
  },
  trl_implicit: {
    name: 'TRL, implicit prompt',
    about: 'Both sides as whole dialogues, without a prompt of their own.',
  },
  openai: { name: 'OpenAI', about: 'As hosted fine-tuning takes it; weights say which answers are trained on.' },
  sharegpt: {
    name: 'ShareGPT',
    about: 'Turns from human and gpt, with the dataset_info.json that LLaMA-Factory reads.',
  },
  hh: { name: 'HH transcripts', about: 'Text with “Human:” and “Assistant:”. It cannot hold system messages.' },
  kwise: { name: 'K-wise', about: 'All completions of a prompt in one row, with their ranks; 1 is best.' },
  oasst: { name: 'Open-Assistant trees', about: 'One message tree on each line, with ranks where there are some.' },
  helpsteer: { name: 'HelpSteer', about: 'Prompt, response and a column for each answer to the rubric.' },
  alpaca: { name: 'Alpaca', about: 'Instruction, input and output. It holds single turns only.' },
  duologue: { name: 'Duologue', about: 'All fields that are known, under the names of this server’s own API.' },
};

export const partWords: Record<SftPart, string> = {
  demonstrations: 'Dialogues written here',
  dialogues: 'Imported dialogues',
  best: 'Completions that were ranked best',
};

export const policyWords: Record<RankingPolicy, Words> = {
  each: { name: 'Keep each', about: 'Every ranking makes its own rows. What one ranking ties makes no pair.' },
  majority: {
    name: 'Majority of pairs',
    about:
      'Of each two completions, the one that more rankings place above the other is better. As many for each is a tie, and a tie makes no pair.',
  },
  consensus: {
    name: 'Consensus',
    about:
      'One ranking out of all by ranked pairs (Tideman). Where two majorities are equally strong, the completions’ ids decide, so that it always comes out the same. What is tied makes no pair.',
  },
};

export const unpairedWords: Record<ReleaseDefinition['unpaired']['by'], Words> = {
  ratings: { name: 'Overall rating', about: 'Good from one rating on, bad up to another; those between are left out.' },
  thumbs: { name: 'Thumbs', about: 'Messages in chats that somebody gave a thumb up or down.' },
  best_worst: { name: 'Best and worst', about: 'What was ranked best is good, what was ranked worst is bad.' },
};

export const originWords: Record<Origin, string> = {
  human: 'Human',
  human_edited: 'Human, from a suggestion',
  model: 'Model',
  import: 'Import',
};

export const splitWords: Record<Split, string> = {
  train: 'Train',
  validation: 'Validation',
  test: 'Test',
  held_out: 'Held-out trainers',
};

export const stateWords: Record<ReleaseState, string> = {
  waiting: 'Waiting',
  building: 'Building',
  ready: 'Ready',
  failed: 'Failed',
  cancelled: 'Cancelled',
};

export const piiWords: Record<PiiKind, string> = {
  email: 'Email addresses',
  phone: 'Phone numbers',
  card: 'Card numbers',
  national_id: 'National ids',
  ip_address: 'IP addresses',
};

/** Of one that was found. */
export const foundWords: Record<PiiKind, string> = {
  email: 'Email address',
  phone: 'Phone number',
  card: 'Card number',
  national_id: 'National id',
  ip_address: 'IP address',
};

export const handlingWords: Record<ReleaseDefinition['hygiene']['pii'], Words> = {
  keep: { name: 'Keep', about: 'Nothing is looked for.' },
  mark: { name: 'Mark', about: 'A column names what was found; the text stays as it is.' },
  mask: { name: 'Mask', about: '[EMAIL] and the like stands in its place.' },
  leave_out: { name: 'Leave out', about: 'Rows in which some was found are left out.' },
};

export const compressionWords: Record<ReleaseDefinition['compression'], string> = {
  none: 'not compressed',
  gzip: 'gzip',
  zstd: 'Zstandard',
};

export const destinationWords = { disk: 'this server', s3: 'S3' } as const;

/** `Comparisons as TRL · Parquet`. */
export function shapeWords({ kind, format, container, compression }: ReleaseDefinition): string {
  const files = container === 'parquet' ? 'Parquet' : 'JSON Lines';
  const packed = compression === 'none' ? '' : `, ${compressionWords[compression]}`;
  const as = kind === 'raw' || kind === 'feedback' ? '' : ` as ${formatWords[format].name}`;
  return `${kindWords[kind].name}${as} · ${files}${packed}`;
}

const languages = new Intl.DisplayNames('en', { type: 'language', fallback: 'code' });

/** The name of a language, of its ISO 639-1 code; what is no such code stays as it is. */
export function languageWords(code: string): string {
  return /^[a-z]{2,3}$/.test(code) ? (languages.of(code) ?? code) : code;
}
