import type { Message } from '../../../shared/conversations.ts';
import type { Rubric } from '../../../shared/projects.ts';
import type {
  Dialogue,
  Facts,
  Judged,
  Pair,
  Prompt,
  Ranked,
  Rated,
  Said,
  Tree,
} from '../../../server/releases/examples.ts';

/*
 * What the golden files hold. The files beside this one are written by hand, from the documentation of each format: where a row
 * differs from its file, it is the file that is to be believed.
 */

export const asked = {
  overall: { max: 7, low: 'worst', high: 'best' },
  flags: [
    { key: 'hallucination', label: 'Hallucination' },
    { key: 'id', label: 'Bears the name of another column' },
    { key: '2nd', label: 'Begins with a digit' },
  ],
} satisfies Pick<Rubric, 'overall' | 'flags'>;
export const rankingAlone: Pick<Rubric, 'overall' | 'flags'> = { overall: null, flags: [] };

/** A system message, several turns, an emoji of two code points, right-to-left text, quotes and newlines. */
export const long: Message[] = [
  { role: 'system', content: 'Be brief.\nNever say "no".' },
  { role: 'user', content: 'How do I greet someone in Hebrew? 👋🏽' },
  { role: 'assistant', content: 'Say "שלום" (shalom).' },
  { role: 'user', content: 'And in the morning?\n\n- formal\n- informal' },
];
/** One turn, with a backslash and a tab. */
export const short: Message[] = [{ role: 'user', content: 'What is\tC:\\new?' }];

const facts = (id: string): Facts => ({
  id,
  conversationId: 'conversation-1',
  group: 'conversation-1',
  root: 'root-1',
  trainers: ['user-1'],
  round: 2,
  task: 'comparison',
  origin: 'model',
  language: 'en',
  source: null,
  createdAt: new Date('2026-01-02T03:04:05Z'),
  activeMs: 60_000,
  models: ['model-a'],
});
const imported = { round: null, task: null, origin: 'import', language: null, source: 'forum "2024"' } as const;

const morning = { id: 'm1', content: 'בוקר טוב 🌅', model: 'model-a' };
const both = { id: 'm2', content: 'Say "boker tov".\nIt fits both.', model: null };
const unsure = { id: 'm3', content: 'I am not sure.', model: 'model-b' };
const silent = { id: 'm4', content: '…', model: 'model-b' };
const folder = { id: 'm5', content: 'A folder.', model: null };
const newline = { id: 'm6', content: 'A line break.', model: null };

const turnsOf = (messages: readonly Message[], learnt = true): Dialogue['turns'] =>
  messages.map((message) => ({ ...message, trained: learnt && message.role === 'assistant' }));

export const dialogues: Dialogue[] = [
  {
    ...facts('d1'),
    ...{ shape: 'dialogue', origin: 'human_edited', trainer: 'trainer-07' },
    // What the model had said before is not to be learnt.
    turns: [...turnsOf(long, false), { role: 'assistant', content: morning.content, trained: true }],
  },
  {
    ...facts('d2'),
    ...imported,
    ...{ shape: 'dialogue', trainer: null },
    turns: turnsOf([...short, { role: 'assistant', content: folder.content }]),
  },
];

export const pairs: Pair[] = [
  {
    ...facts('r1/m1/m2'),
    ...{ shape: 'pair', origin: 'import', prompt: long, groupId: 'c1', k: 4, rankingId: 'r1', ranker: 'trainer-07' },
    ...{
      samplingId: 's1',
      originalId: 'm2',
      agreement: 0.75,
      chosen: morning,
      rejected: both,
      distance: 1,
      margin: null,
    },
  },
  {
    ...facts('c2/m5/m6'),
    ...imported,
    ...{ shape: 'pair', prompt: short, groupId: 'c2', k: 2, rankingId: null, ranker: null },
    ...{
      samplingId: null,
      originalId: null,
      agreement: null,
      chosen: folder,
      rejected: newline,
      distance: 1,
      margin: 2.5,
    },
  },
];

/** Two tie, and one was not ranked. */
export const ranked: Ranked[] = [
  {
    ...facts('r1'),
    ...{ shape: 'ranked', prompt: long, groupId: 'c1', k: 4, rankingId: 'r1', ranker: 'trainer-07', samplingId: 's1' },
    ...{ originalId: 'm2', agreement: 0.75, completions: [unsure, morning, silent, both], ranks: [2, 1, null, 2] },
  },
];

export const judged: Judged[] = [
  { ...facts('r1/m1'), shape: 'judged', prompt: long, completion: morning, good: true },
  { ...facts('m6'), ...imported, shape: 'judged', prompt: short, completion: newline, good: false },
];

export const rated: Rated[] = [
  {
    ...facts('r1/m1'),
    ...{ shape: 'rated', prompt: long, completion: morning, groupId: 'c1', rankingId: 'r1', ranker: 'trainer-07' },
    ...{ rank: 1, rating: { overall: 6, flags: ['id', 'once_asked'] } },
  },
  {
    ...facts('r2/m6'),
    ...imported,
    ...{ shape: 'rated', prompt: short, completion: newline, groupId: 'c2', rankingId: 'r2', ranker: null },
    ...{ rank: null, rating: { overall: 1 } },
  },
];

export const prompts: Prompt[] = [
  { ...facts('p1'), shape: 'prompt', origin: 'human', prompt: long },
  { ...facts('p2'), ...imported, shape: 'prompt', prompt: short },
];

export const said: Said[] = [
  {
    ...facts('f1'),
    ...{ shape: 'said', prompt: long, completion: unsure, trainer: 'trainer-07' },
    feedback: { thumb: 'down', text: 'It "knows".\n😕', report: { reason: 'refused_wrongly', text: '' } },
  },
  {
    ...facts('f2'),
    ...{ shape: 'said', prompt: short, completion: folder, trainer: null, round: null },
    feedback: { thumb: 'up', text: '', report: null },
  },
];

const made = { externalId: null, model: null, written: 'human', rank: null, extra: null } as const;

/** Made here: with a branch, ranks, and what a model wrote. */
export const grown: Tree = {
  ...facts('conversation-1'),
  ...{ shape: 'tree', treeId: 'conversation-1', extra: null },
  messages: [
    { ...made, id: 'm0', parentId: null, role: 'user', content: 'Good morning in Hebrew? 👋🏽' },
    { ...made, id: 'm2', parentId: 'm0', role: 'assistant', content: both.content, rank: 1 },
    {
      ...made,
      ...{ id: 'm1', parentId: 'm0', role: 'assistant', content: morning.content, rank: 0 },
      ...{ written: 'model', model: 'model-a' },
    },
    { ...made, id: 'm7', parentId: 'm1', role: 'user', content: 'תודה!' },
  ],
};

/** As it came: the id of the tree is not its root's, and one rank is null. */
export const given: Tree = {
  ...facts('conversation-2'),
  ...imported,
  ...{ shape: 'tree', treeId: 'tree-9', extra: { tree_state: 'growing' } },
  messages: [
    {
      ...made,
      ...{ id: 'm8', externalId: 'x1', parentId: null, role: 'user', content: 'Why?', written: 'import' },
      extra: { lang: 'en', review_result: null, emojis: { '+1': 3 } },
    },
    {
      ...made,
      ...{ id: 'm9', externalId: 'x2', parentId: 'm8', role: 'assistant', content: 'Because "so".', written: 'model' },
      ...{ model: 'chip20b', rank: 0, extra: { lang: 'en', rank: null, synthetic: true } },
    },
    {
      ...made,
      ...{ id: 'm10', externalId: null, parentId: 'm8', role: 'assistant', content: '…', written: 'import', extra: {} },
    },
  ],
};
