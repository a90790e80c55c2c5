import type { Json, Ranked } from '../examples.ts';
import { column, tabular } from './format.ts';
import { messageList, plain, promptFault } from './messages.ts';
import { ofRanked } from './provenance.ts';

/*
 * All completions of a comparison in one row, for losses over a whole ranking (Plackett-Luce, or all K(K-1)/2 pairs in one batch as
 * in arXiv 2203.02155). Completions that were not ranked are left out of the lists; `k` counts them.
 */

/** What each ranked completion has, in the order of the comparison. */
const ofEach =
  (get: (completion: Ranked['completions'][number], rank: number, example: Ranked) => Json) =>
  (example: Ranked): Json[] =>
    example.completions.flatMap((completion, at) => {
      const rank = example.ranks[at] ?? null;
      return rank === null ? [] : [get(completion, rank, example)];
    });

export const kwise = tabular(
  'ranked',
  [
    column('prompt', messageList, 'The dialogue up to what is answered; it ends with the user.', ({ prompt }) =>
      plain(prompt),
    ),
    column(
      'responses',
      { list: 'string' },
      'The completions that were ranked.',
      ofEach(({ content }) => content),
    ),
    column(
      'ranks',
      { list: 'int64' },
      'The rank of each response: 1 is best, ties share one, and the next follows without a gap.',
      ofEach((_, rank) => rank),
    ),
    ...ofRanked,
    column(
      'completions',
      {
        list: {
          struct: [
            { name: 'id', type: 'string', nullable: false, about: 'The id of the completion.' },
            { name: 'model', type: 'string', nullable: true, about: 'The model that wrote it.' },
            { name: 'picked', type: 'bool', nullable: false, about: 'Whether it was picked from a chat.' },
          ],
        },
      },
      'Where each response is from.',
      ofEach(({ id, model }, _, { originalId }) => ({ id, model, picked: id === originalId })),
    ),
  ],
  ({ prompt, ranks }) =>
    promptFault(prompt) ??
    (ranks.filter((rank) => rank !== null).length < 2
      ? 'a comparison of which fewer than two completions are ranked'
      : null),
);
