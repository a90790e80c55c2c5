import type { Rubric } from '../../../shared/projects.ts';
import type { Dialogue } from '../examples.ts';
import { type Column, column, tabular } from './format.ts';
import { answer, lastNotLearnt, messageList, nothingLearnt, plain, promptFault } from './messages.ts';
import { ofDialogue, ofJudged, ofPair, ofPrompt } from './provenance.ts';

/*
 * The conversational forms of TRL's `dataset_formats`; OpenRLHF and axolotl read them too. TRL looks at `messages`, `prompt`,
 * `completion`, `chosen`, `rejected` and `label` and takes only its own sets of these, so that no other column may be named so.
 */

/** Which turns are learnt, for formats whose messages cannot say it. */
export const trained: Column<Dialogue> = column(
  'trained',
  { list: 'bool' },
  'For each message whether its loss is to count. No trainer reads this by itself: TRL learns all turns of the assistant ' +
    '(`assistant_only_loss`), LLaMA-Factory too, or with `mask_history` the last alone.',
  ({ turns }) => turns.map((turn) => turn.trained),
);

export const messages = tabular(
  'dialogue',
  [
    column('messages', messageList, 'The dialogue; it ends with the assistant.', ({ turns }) => plain(turns)),
    trained,
    ...ofDialogue,
  ],
  nothingLearnt,
);

export const promptCompletion = tabular(
  'dialogue',
  [
    column(
      'prompt',
      messageList,
      'All but the last turn, also what the assistant says: it is not learnt.',
      ({ turns }) => plain(turns.slice(0, -1)),
    ),
    column('completion', messageList, 'The last turn, which alone is learnt.', ({ turns }) => plain(turns.slice(-1))),
    ...ofDialogue,
  ],
  (dialogue) => lastNotLearnt(dialogue) ?? promptFault(dialogue.turns.slice(0, -1)),
);

const prompt = 'The dialogue up to what is answered; it ends with the user.';

/** With the prompt by itself: it is not repeated in the two sides. */
export const preference = (rubric: Pick<Rubric, 'overall'>) =>
  tabular(
    'pair',
    [
      column('prompt', messageList, prompt, (pair) => plain(pair.prompt)),
      column('chosen', messageList, 'The better completion.', ({ chosen }) => answer(chosen.content)),
      column('rejected', messageList, 'The worse completion.', ({ rejected }) => answer(rejected.content)),
      ...ofPair(rubric),
    ],
    (pair) => promptFault(pair.prompt),
  );

/** Without a prompt: both sides are whole dialogues, and TRL finds what they share. */
export const implicitPreference = (rubric: Pick<Rubric, 'overall'>) =>
  tabular(
    'pair',
    [
      column('chosen', messageList, 'The dialogue with the better completion.', ({ prompt, chosen }) => [
        ...plain(prompt),
        ...answer(chosen.content),
      ]),
      column('rejected', messageList, 'The same dialogue with the worse completion.', ({ prompt, rejected }) => [
        ...plain(prompt),
        ...answer(rejected.content),
      ]),
      ...ofPair(rubric),
    ],
    (pair) => promptFault(pair.prompt),
  );

export const unpaired = tabular(
  'judged',
  [
    column('prompt', messageList, prompt, (judged) => plain(judged.prompt)),
    column('completion', messageList, 'What is judged.', ({ completion }) => answer(completion.content)),
    column('label', 'bool', 'Whether it is good.', ({ good }) => good),
    ...ofJudged,
  ],
  (judged) => promptFault(judged.prompt),
);

export const prompts = tabular(
  'prompt',
  [column('prompt', messageList, prompt, (example) => plain(example.prompt)), ...ofPrompt],
  (example) => promptFault(example.prompt),
);
