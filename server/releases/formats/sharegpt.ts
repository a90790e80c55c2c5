import type { Message } from '../../../shared/conversations.ts';
import type { Rubric } from '../../../shared/projects.ts';
import type { Field, FieldType, Json } from '../examples.ts';
import { column, tabular } from './format.ts';
import { nothingLearnt, promptFault, turnsFault } from './messages.ts';
import { ofDialogue, ofJudged, ofPair, ofPrompt } from './provenance.ts';
import { trained } from './trl.ts';

/*
 * ShareGPT's form as LLaMA-Factory reads it (`"formatting": "sharegpt"` in dataset_info.json): a system message may come first,
 * and then human and gpt speak in turn.
 */

const speakers = { system: 'system', user: 'human', assistant: 'gpt' } as const;
const what = 'ShareGPT rows';

const utteranceFields: readonly Field[] = [
  { name: 'from', type: 'string', nullable: false, about: '`system`, `human` or `gpt`.' },
  { name: 'value', type: 'string', nullable: false, about: 'What is said.' },
];
const utterance: FieldType = { struct: utteranceFields };
const utterances: FieldType = { list: utterance };

const spoken = ({ role, content }: Message): Json => ({ from: speakers[role], value: content });
const byGpt = (value: string): Json => ({ from: 'gpt', value });

export const dialogues = tabular(
  'dialogue',
  [
    column('conversations', utterances, 'The dialogue; it ends with gpt.', ({ turns }) => turns.map(spoken)),
    trained,
    ...ofDialogue,
  ],
  (dialogue) => nothingLearnt(dialogue) ?? turnsFault(dialogue.turns, what),
);

const fault = ({ prompt }: { prompt: readonly Message[] }): string | null =>
  promptFault(prompt) ?? turnsFault(prompt, what);

/** For `"ranking": true`. */
export const ranking = (rubric: Pick<Rubric, 'overall'>) =>
  tabular(
    'pair',
    [
      column('conversations', utterances, 'The dialogue up to what is answered; it ends with human.', ({ prompt }) =>
        prompt.map(spoken),
      ),
      column('chosen', utterance, 'The better completion.', ({ chosen }) => byGpt(chosen.content)),
      column('rejected', utterance, 'The worse completion.', ({ rejected }) => byGpt(rejected.content)),
      ...ofPair(rubric),
    ],
    fault,
  );

export const unpaired = tabular(
  'judged',
  [
    column('conversations', utterances, 'The dialogue; what gpt says last is judged.', ({ prompt, completion }) => [
      ...prompt.map(spoken),
      byGpt(completion.content),
    ]),
    column('kto_tag', 'bool', 'Whether the last turn is good.', ({ good }) => good),
    ...ofJudged,
  ],
  fault,
);

/** LLaMA-Factory drops what gpt does not end, and puts an empty answer where its `ppo` stage has none: so it stands here. */
export const prompts = tabular(
  'prompt',
  [
    column(
      'conversations',
      utterances,
      'The dialogue up to what is to be answered, and an empty answer.',
      ({ prompt }) => [...prompt.map(spoken), byGpt('')],
    ),
    ...ofPrompt,
  ],
  fault,
);
