import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { Message } from '../../shared/conversations.ts';
import {
  formatsOf,
  type ReleaseFormat,
  releaseDefinition,
  type ReleaseKind,
  releaseKinds,
} from '../../shared/releases.ts';
import type { Dialogue, Example, Field, FieldType, Row } from '../../server/releases/examples.ts';
import { companions, datasetName } from '../../server/releases/formats/dataset-info.ts';
import type { Format } from '../../server/releases/formats/format.ts';
import { formatFor } from '../../server/releases/formats/formats.ts';
import { readTranscripts } from '../../server/imports/formats/hh.ts';
import { readTree } from '../../server/imports/formats/oasst.ts';
import { readShareGpt } from '../../server/imports/formats/sharegpt.ts';
import {
  asked,
  dialogues,
  given,
  grown,
  judged,
  long,
  pairs,
  prompts,
  ranked,
  rankingAlone,
  rated,
  said,
  short,
} from './golden/examples.ts';

const golden = (name: string): string => readFileSync(new URL(`golden/${name}`, import.meta.url), 'utf8');

const withoutSystem = <E extends { readonly prompt: readonly Message[] }>(examples: readonly E[]): E[] =>
  examples.map((example) => ({ ...example, prompt: example.prompt.filter(({ role }) => role !== 'system') }));

// ---- what the documentation of each format asks ----

const role = z.enum(['system', 'user', 'assistant']);
const message = z.strictObject({ role, content: z.string() });
const asAssistant = z.tuple([z.strictObject({ role: z.literal('assistant'), content: z.string() })]);
const prompt = z.array(message).min(1);

/** huggingface.co/docs/trl/dataset_formats, conversational. */
const trl = {
  messages: z.looseObject({ messages: prompt }),
  promptCompletion: z.looseObject({ prompt, completion: asAssistant }),
  preference: z.looseObject({ prompt, chosen: asAssistant, rejected: asAssistant, margin: z.number() }),
  implicit: z.looseObject({ chosen: prompt, rejected: prompt }),
  unpaired: z.looseObject({ prompt, completion: asAssistant, label: z.boolean() }),
  prompts: z.looseObject({ prompt }),
};
/** What TRL takes for columns of its own: a row must have one of these sets of them, and nothing of the others. */
const trlColumns = ['messages', 'prompt', 'chosen', 'rejected', 'completion', 'label', 'text', 'images', 'tools'];
const trlSets = [
  'messages',
  'prompt',
  'prompt,completion',
  'prompt,chosen,rejected',
  'chosen,rejected',
  'prompt,completion,label',
];

/** developers.openai.com: supervised fine-tuning and direct preference optimization. */
const openai = {
  chat: z.strictObject({
    messages: z
      .array(
        z.discriminatedUnion('role', [
          z.strictObject({ role: z.literal('system'), content: z.string() }),
          z.strictObject({ role: z.literal('user'), content: z.string() }),
          z.strictObject({ role: z.literal('assistant'), content: z.string(), weight: z.literal([0, 1]) }),
        ]),
      )
      .refine((messages) => messages.some((one) => one.role === 'assistant' && one.weight === 1)),
  }),
  preference: z.strictObject({
    input: z.strictObject({ messages: prompt }),
    preferred_output: asAssistant,
    non_preferred_output: asAssistant,
  }),
};

/** LLaMA-Factory's data/README and SharegptDatasetConverter: `ended` is true where gpt speaks last. */
const utterance = z.strictObject({ from: z.enum(['system', 'human', 'gpt']), value: z.string() });
const conversations = (ended: boolean) =>
  z.array(utterance).refine((utterances) => {
    const turns = utterances[0]?.from === 'system' ? utterances.slice(1) : utterances;
    return turns.length % 2 === (ended ? 0 : 1) && turns.every(({ from }, at) => from === (at % 2 ? 'gpt' : 'human'));
  });
const byGpt = z.strictObject({ from: z.literal('gpt'), value: z.string() });
const sharegpt = {
  dialogues: z.looseObject({ conversations: conversations(true) }),
  ranking: z.looseObject({ conversations: conversations(false), chosen: byGpt, rejected: byGpt }),
  unpaired: z.looseObject({ conversations: conversations(true), kto_tag: z.boolean() }),
};

const transcript = z.string().regex(/^(\n\nHuman: [^]+?\n\nAssistant: [^]+?)+$/);
const hh = z.looseObject({ chosen: transcript, rejected: transcript });

const kwise = z
  .looseObject({
    prompt,
    responses: z.array(z.string()).min(2),
    ranks: z.array(z.number().int().min(1)),
    group_id: z.string(),
  })
  .refine(({ responses, ranks }) => responses.length === ranks.length && ranks.includes(1));

/** oasst_data/schemas.py. */
const node = z.looseObject({
  message_id: z.string(),
  parent_id: z.string().optional(),
  text: z.string(),
  role: z.enum(['prompter', 'assistant']),
  lang: z.string().nullish(),
  review_result: z.boolean().nullish(),
  deleted: z.boolean().nullish(),
  rank: z.number().int().nullish(),
  synthetic: z.boolean().nullish(),
  model_name: z.string().nullish(),
  get replies() {
    return z.array(node);
  },
});
const oasst = z.looseObject({ message_tree_id: z.string(), tree_state: z.string(), prompt: node });

const helpsteer = z.looseObject({ prompt: z.string(), response: z.string(), overall: z.number().int().nullable() });
const alpaca = z.looseObject({ instruction: z.string().min(1), input: z.literal(''), output: z.string() });
const ratings = z.looseObject({
  prompt,
  completion: asAssistant,
  overall: z.number(),
  flags: z.array(z.string()).nullable(),
});
const feedback = z.looseObject({ prompt, completion: asAssistant, thumb: z.enum(['up', 'down']).nullable() });

interface Case {
  kind: ReleaseKind;
  format: ReleaseFormat;
  examples: readonly Example[];
  published: z.ZodType;
}
const cases: Case[] = [
  { kind: 'sft', format: 'trl', examples: dialogues, published: trl.messages },
  { kind: 'sft', format: 'trl_prompt_completion', examples: dialogues, published: trl.promptCompletion },
  { kind: 'sft', format: 'openai', examples: dialogues, published: openai.chat },
  { kind: 'sft', format: 'sharegpt', examples: dialogues, published: sharegpt.dialogues },
  { kind: 'sft', format: 'alpaca', examples: dialogues.slice(1), published: alpaca },
  { kind: 'sft', format: 'oasst', examples: [grown], published: oasst },
  { kind: 'comparisons', format: 'trl', examples: pairs, published: trl.preference },
  { kind: 'comparisons', format: 'trl_implicit', examples: pairs, published: trl.implicit },
  { kind: 'comparisons', format: 'openai', examples: pairs, published: openai.preference },
  { kind: 'comparisons', format: 'sharegpt', examples: pairs, published: sharegpt.ranking },
  { kind: 'comparisons', format: 'hh', examples: withoutSystem(pairs), published: hh },
  { kind: 'comparisons', format: 'kwise', examples: ranked, published: kwise },
  { kind: 'comparisons', format: 'oasst', examples: [given], published: oasst },
  { kind: 'unpaired', format: 'trl', examples: judged, published: trl.unpaired },
  { kind: 'unpaired', format: 'sharegpt', examples: judged, published: sharegpt.unpaired },
  { kind: 'ratings', format: 'helpsteer', examples: withoutSystem(rated), published: helpsteer },
  { kind: 'ratings', format: 'duologue', examples: rated, published: ratings },
  { kind: 'prompts', format: 'trl', examples: prompts, published: trl.prompts },
  { kind: 'prompts', format: 'sharegpt', examples: prompts, published: sharegpt.dialogues },
  { kind: 'feedback', format: 'duologue', examples: said, published: feedback },
];

const definition = (kind: ReleaseKind, format: ReleaseFormat, more: object = {}) =>
  releaseDefinition.parse({ kind, format, ...more });
const of = (kind: ReleaseKind, format: ReleaseFormat, rubric: typeof rankingAlone = asked): Format =>
  formatFor(definition(kind, format), rubric);

/** What keeps a value from being of a field's type, or null. */
function misfit(value: unknown, type: FieldType, path: string): string | null {
  if (type === 'json') return null;
  if (type === 'string') return typeof value === 'string' ? null : `${path} is no text`;
  if (type === 'bool') return typeof value === 'boolean' ? null : `${path} is not true or false`;
  if (type === 'int64') return Number.isSafeInteger(value) ? null : `${path} is no whole number`;
  if (type === 'float64') return Number.isFinite(value) ? null : `${path} is no number`;
  if ('list' in type)
    return Array.isArray(value)
      ? (value.map((each, at) => misfit(each, type.list, `${path}.${at}`)).find((fault) => fault !== null) ?? null)
      : `${path} is no list`;
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? misfits(value, type.struct, path)
    : `${path} has no members`;
}
function misfits(value: object, fields: readonly Field[], path: string): string | null {
  const members = new Map<string, unknown>(Object.entries(value));
  for (const { name, type, nullable } of fields) {
    const member = members.get(name) ?? null;
    members.delete(name);
    const fault =
      member === null ? (nullable ? null : `${path}.${name} is missing`) : misfit(member, type, `${path}.${name}`);
    if (fault !== null) return fault;
  }
  const [other] = members.keys();
  return other === undefined ? null : `${path}.${other} is no field`;
}

describe.each(cases)('$kind as $format', ({ kind, format, examples, published }) => {
  const found = of(kind, format);
  const rows = (): Row[] => examples.map((example) => found.row(example));

  it('is what its golden file holds, byte for byte', () => {
    const lines = rows().map((row) => `${JSON.stringify(row)}\n`);
    expect(lines.join('')).toBe(golden(`${kind}.${format}.jsonl`));
    for (const example of examples) expect(found.unfit(example)).toBeNull();
  });

  it('is what its documentation asks', () => {
    for (const row of rows()) expect(published.safeParse(row).error).toBeUndefined();
  });

  it('has the columns that its fields tell, each of its type', () => {
    for (const row of rows()) {
      expect(misfits(row, found.fields, 'row')).toBeNull();
      expect(Object.keys(row)).toEqual(found.fields.map(({ name }) => name));
    }
    for (const { name, about } of found.fields) expect(about, name).toMatch(/\.$/);
  });

  it('refuses an example of another shape', () => {
    const other = cases.find(({ kind, format }) => of(kind, format).shape !== found.shape)?.examples[0];
    if (other) expect(() => found.row(other)).toThrow(/is made from/);
  });
});

describe('formats', () => {
  it('are there for each kind that a definition can name, and nothing else', () => {
    for (const kind of releaseKinds)
      for (const format of formatsOf[kind]) {
        if (kind === 'raw') expect(() => of(kind, format)).toThrow('raw data has no format');
        else expect(cases.filter((one) => one.kind === kind && one.format === format)).toHaveLength(1);
      }
    expect(() => formatFor({ ...definition('prompts', 'trl'), format: 'hh' }, asked)).toThrow(
      'prompts cannot be written as hh',
    );
  });

  it('of TRL have one of its sets of columns', () => {
    for (const { kind, format } of cases.filter(({ format }) => format.startsWith('trl'))) {
      const names = of(kind, format).fields.map(({ name }) => name);
      expect(trlSets).toContain(names.filter((name) => trlColumns.includes(name)).join());
    }
  });

  it('tell pairs of a margin only where the rubric asks for an overall rating', () => {
    const names = (rubric: typeof rankingAlone) => of('comparisons', 'trl', rubric).fields.map(({ name }) => name);
    expect(names(asked)).toContain('margin');
    expect(names(rankingAlone)).not.toContain('margin');
    const [pair] = pairs;
    if (pair) expect(Object.keys(of('comparisons', 'trl', rankingAlone).row(pair))).not.toContain('margin');
  });

  it('keep each column of flags apart', () => {
    const flags = [
      { key: 'id', label: 'a' },
      { key: 'flag_id', label: 'b' },
      { key: '__proto__', label: 'c' },
    ];
    const format = of('ratings', 'helpsteer', { overall: null, flags });
    const [first] = withoutSystem(rated);
    const row = first && format.row({ ...first, rating: { flags: ['flag_id', '__proto__'] } });
    expect(row).toMatchObject({ id: 'r1/m1', flag_id: false, flag_flag_id: true, flag___proto__: true });
  });

  it('bear what personal data was found where the release marks it, but for those that hold nothing else', () => {
    const marks = (kind: ReleaseKind, format: ReleaseFormat) =>
      formatFor(definition(kind, format, { hygiene: { pii: 'mark' } }), asked);
    const [dialogue] = dialogues;
    if (!dialogue) throw new Error('there is no dialogue');
    const marked = marks('sft', 'trl');
    expect(marked.row({ ...dialogue, pii: ['email'] })).toEqual({ ...of('sft', 'trl').row(dialogue), pii: ['email'] });
    expect(misfits(marked.row(dialogue), marked.fields, 'row')).toBeNull();
    expect(marks('sft', 'openai').row(dialogue)).toEqual(of('sft', 'openai').row(dialogue));
  });
});

describe('what a format cannot hold', () => {
  const [dialogue, other] = dialogues;
  const [pair] = pairs;
  const [rating] = withoutSystem(rated);
  const [comparison] = ranked;
  if (!dialogue || !other || !pair || !rating || !comparison) throw new Error('an example is missing');
  const unlearnt = (one: Dialogue, which: (at: number) => boolean): Dialogue => ({
    ...one,
    turns: one.turns.map((turn, at) => ({ ...turn, trained: turn.trained && !which(at) })),
  });
  const unanswered = long.slice(0, 3);
  const doubled = [...short, ...short];

  it.each<[ReleaseKind, ReleaseFormat, Example, string]>([
    ['comparisons', 'hh', pair, 'a system message, which HH transcripts cannot express'],
    ['sft', 'alpaca', dialogue, 'a system message, which Alpaca rows cannot express'],
    ['ratings', 'helpsteer', { ...rating, prompt: long }, 'a system message, which HelpSteer rows cannot express'],
    [
      'sft',
      'oasst',
      { ...grown, messages: grown.messages.map((branch) => ({ ...branch, role: 'system' as const })) },
      'a system message, which Open-Assistant trees cannot express',
    ],
    [
      'sft',
      'alpaca',
      { ...dialogue, turns: dialogue.turns.slice(1) },
      'other than one question and its answer, which Alpaca rows cannot express',
    ],
    [
      'comparisons',
      'hh',
      { ...pair, prompt: short, rejected: { ...pair.rejected, content: 'So.\n\nHuman: and then?' } },
      '"Human:" or "Assistant:" behind an empty line in a text, which HH transcripts take for the next turn',
    ],
    [
      'ratings',
      'helpsteer',
      { ...rating, completion: { ...rating.completion, content: 'a <extra_id_1>' } },
      '"<extra_id_1>" in a text, which HelpSteer rows take for the next turn',
    ],
    ['ratings', 'helpsteer', { ...rating, rating: null }, 'a completion that nobody rated'],
    [
      'sft',
      'sharegpt',
      { ...other, turns: [...dialogue.turns.slice(1, 2), ...other.turns] },
      'turns that do not alternate, which ShareGPT rows cannot express',
    ],
    [
      'comparisons',
      'sharegpt',
      { ...pair, prompt: doubled },
      'turns that do not alternate, which ShareGPT rows cannot express',
    ],
    ['comparisons', 'trl', { ...pair, prompt: unanswered }, 'a prompt that does not end with the user'],
    ['comparisons', 'openai', { ...pair, prompt: unanswered }, 'a prompt that does not end with the user'],
    [
      'comparisons',
      'kwise',
      { ...comparison, ranks: [null, 1, null, null] },
      'a comparison of which fewer than two completions are ranked',
    ],
    ['sft', 'trl', unlearnt(dialogue, () => true), 'a dialogue of which no turn is to be learnt'],
    ['sft', 'openai', unlearnt(dialogue, () => true), 'a dialogue of which no turn is to be learnt'],
    [
      'sft',
      'trl_prompt_completion',
      unlearnt(dialogue, (at) => at === 4),
      'a dialogue whose last turn is not to be learnt',
    ],
    ['sft', 'alpaca', unlearnt(other, () => true), 'a dialogue whose last turn is not to be learnt'],
  ])('%s as %s: %#', (kind, format, example, reason) => {
    expect(of(kind, format).unfit(example)).toBe(reason);
  });

  it('is nothing where a text only speaks of the marks', () => {
    const content = 'Human: is a mark.\nAssistant: too';
    expect(of('comparisons', 'hh').unfit({ ...pair, prompt: short, chosen: { ...pair.chosen, content } })).toBeNull();
  });
});

describe('what is written can be imported again', () => {
  const rowsOf = (name: string): unknown[] =>
    golden(name)
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));

  it('from Open-Assistant trees', () => {
    const [row] = rowsOf('sft.oasst.jsonl');
    const { messages, extra, comparisons } = readTree(row);
    expect(messages.map(({ content }) => content).sort()).toEqual(grown.messages.map(({ content }) => content).sort());
    expect(extra).toEqual({ tree_state: 'ready_for_export' });
    expect(comparisons[0]?.rankings[0]?.groups).toEqual([[1], [0]]);
  });

  it('from ShareGPT rows', () => {
    expect(rowsOf('sft.sharegpt.jsonl').map((row) => readShareGpt(row).messages.map(({ content }) => content))).toEqual(
      dialogues.map(({ turns }) => turns.map(({ content }) => content)),
    );
  });

  it('from HH transcripts', () => {
    expect(
      rowsOf('comparisons.hh.jsonl').map((row) => readTranscripts(row).messages.map(({ content }) => content)),
    ).toEqual(
      withoutSystem(pairs).map(({ prompt, chosen, rejected }) =>
        [...prompt, chosen, rejected].map(({ content }) => content),
      ),
    );
  });
});

describe('dataset_info.json', () => {
  const file = (name: string, split: 'train' | 'test' = 'train') => ({ name: `data/${name}`, split });
  const only = [file('train-00000-of-00001.jsonl')];

  it.each([
    ['sft', 'alpaca', only],
    ['unpaired', 'sharegpt', only],
    ['prompts', 'sharegpt', only],
    ['comparisons', 'sharegpt', [file('train-00000-of-00001.parquet')]],
    [
      'sft',
      'sharegpt',
      [
        file('train-00000-of-00002.jsonl.gz'),
        file('train-00001-of-00002.jsonl.gz'),
        file('test-00000-of-00001.jsonl.zst', 'test'),
      ],
    ],
  ] as const)('of %s as %s is what its golden file holds', (kind, format, files) => {
    expect(companions(definition(kind, format), files)).toEqual([
      { name: 'dataset_info.json', content: golden(`${kind}.${format}.dataset_info.json`) },
    ]);
  });

  it('is written for LLaMA-Factory alone', () => {
    for (const { kind, format } of cases)
      expect(companions(definition(kind, format), only)).toHaveLength(/sharegpt|alpaca/.test(format) ? 1 : 0);
  });

  it('names each file once', () => {
    const files = [file('a-1.jsonl'), file('a-2.jsonl'), file('b.jsonl', 'test')];
    expect(files.map((one) => datasetName(one, files))).toEqual(['a-1', 'a-2', 'test']);
  });
});
