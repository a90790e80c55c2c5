import { column, tabular } from './format.ts';
import { lastNotLearnt, systemFault } from './messages.ts';
import { ofDialogue } from './provenance.ts';

/* Rows as in Stanford Alpaca: one question and one answer. `input` is always empty: what a user says is not cut in two. */

const what = 'Alpaca rows';

export const singleTurns = tabular(
  'dialogue',
  [
    column('instruction', 'string', 'What the user says.', ({ turns }) => turns[0]?.content ?? ''),
    column('input', 'string', 'Empty.', () => ''),
    column('output', 'string', 'What the assistant answers.', ({ turns }) => turns[1]?.content ?? ''),
    ...ofDialogue,
  ],
  (dialogue) =>
    systemFault(dialogue.turns, what) ??
    (dialogue.turns.length === 2 && dialogue.turns[0]?.role === 'user'
      ? lastNotLearnt(dialogue)
      : `other than one question and its answer, which ${what} cannot express`),
);
