import { column, tabular } from './format.ts';
import { answer, contentField, messageList, nothingLearnt, plain, promptFault, roleField } from './messages.ts';

/*
 * OpenAI's files for fine-tuning: chat, and preference (direct preference optimization), which other hosted trainers take too.
 * Rows bear nothing else, for whoever checks them refuses columns that it does not know: these say nothing of where they are from.
 */

export const chat = tabular(
  'dialogue',
  [
    column(
      'messages',
      {
        list: {
          struct: [
            roleField,
            contentField,
            {
              name: 'weight',
              type: 'int64',
              nullable: true,
              about: 'Of the assistant: 1 where the turn is learnt, 0 where it is not.',
            },
          ],
        },
      },
      'The dialogue; it ends with the assistant.',
      ({ turns }) =>
        turns.map(({ role, content, trained }) =>
          role === 'assistant' ? { role, content, weight: trained ? 1 : 0 } : { role, content },
        ),
    ),
  ],
  nothingLearnt,
);

export const preference = tabular(
  'pair',
  [
    column(
      'input',
      {
        struct: [
          {
            name: 'messages',
            type: messageList,
            nullable: false,
            about: 'The dialogue up to what is answered; it ends with the user.',
          },
        ],
      },
      'What is answered.',
      ({ prompt }) => ({ messages: plain(prompt) }),
    ),
    column('preferred_output', messageList, 'The better completion.', ({ chosen }) => answer(chosen.content)),
    column('non_preferred_output', messageList, 'The worse completion.', ({ rejected }) => answer(rejected.content)),
  ],
  ({ prompt }) => promptFault(prompt),
);
