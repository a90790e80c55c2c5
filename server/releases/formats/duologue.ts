import { column, tabular } from './format.ts';
import { answer, messageList, plain } from './messages.ts';
import { ofRated, ofSaid } from './provenance.ts';

/* Duologue's own rows: a prompt and a completion as TRL has them, with all that people said of it. They hold whatever there is. */

const prompt = 'The dialogue up to what is answered.';

export const ratings = tabular('rated', [
  column('prompt', messageList, prompt, (rated) => plain(rated.prompt)),
  column('completion', messageList, 'What was rated.', ({ completion }) => answer(completion.content)),
  column(
    'overall',
    'int64',
    'The overall rating; null where it was not given.',
    ({ rating }) => rating?.overall ?? null,
    {
      nullable: true,
    },
  ),
  column(
    'flags',
    { list: 'string' },
    'Keys of the flags that were raised, whatever the rubric asks now; null where nothing was said of any.',
    ({ rating }) => rating?.flags ?? null,
    { nullable: true },
  ),
  ...ofRated,
]);

export const feedback = tabular('said', [
  column('prompt', messageList, prompt, (said) => plain(said.prompt)),
  column('completion', messageList, 'What is spoken of.', ({ completion }) => answer(completion.content)),
  column('thumb', 'string', '`up` or `down`; null for neither.', (said) => said.feedback.thumb, { nullable: true }),
  column('text', 'string', 'In words; may be empty.', (said) => said.feedback.text),
  column(
    'report',
    {
      struct: [
        {
          name: 'reason',
          type: 'string',
          nullable: false,
          about: '`harmful`, `false`, `refused_wrongly` or `moderation_wrong`.',
        },
        { name: 'text', type: 'string', nullable: false, about: 'In words; may be empty.' },
      ],
    },
    'Where it was reported.',
    ({ feedback: { report } }) => (report === null ? null : { reason: report.reason, text: report.text }),
    { nullable: true },
  ),
  ...ofSaid,
]);
