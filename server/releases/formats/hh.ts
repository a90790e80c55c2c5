import type { Rubric } from '../../../shared/projects.ts';
import type { Pair } from '../examples.ts';
import { column, tabular } from './format.ts';
import { promptFault, systemFault } from './messages.ts';
import { ofPair } from './provenance.ts';

/*
 * Transcripts as in Anthropic's HH-RLHF (arXiv 2204.05862): each turn begins with `\n\nHuman: ` or `\n\nAssistant: `, and readers
 * cut at these.
 */

const what = 'HH transcripts';
const marks = /\n\n(Human|Assistant):/;

const transcript = ({ prompt }: Pair, completion: string): string =>
  prompt.map(({ role, content }) => `\n\n${role === 'user' ? 'Human' : 'Assistant'}: ${content}`).join('') +
  `\n\nAssistant: ${completion}`;

export const transcripts = (rubric: Pick<Rubric, 'overall'>) =>
  tabular(
    'pair',
    [
      column('chosen', 'string', 'The dialogue with the better completion.', (pair) =>
        transcript(pair, pair.chosen.content),
      ),
      column('rejected', 'string', 'The same dialogue with the worse completion.', (pair) =>
        transcript(pair, pair.rejected.content),
      ),
      ...ofPair(rubric),
    ],
    ({ prompt, chosen, rejected }) =>
      systemFault(prompt, what) ??
      promptFault(prompt) ??
      ([...prompt, chosen, rejected].some(({ content }) => marks.test(content))
        ? `"Human:" or "Assistant:" behind an empty line in a text, which ${what} take for the next turn`
        : null),
  );
