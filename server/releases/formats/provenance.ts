import type { Rubric } from '../../../shared/projects.ts';
import type { Dialogue, Facts, Field, Judged, Pair, Prompt, Ranked, Rated, Said } from '../examples.ts';
import { type Column, column } from './format.ts';

/*
 * Where a row is from, under the same names in every format. They stand behind the format's own columns, and trainers read past
 * them. None bears a name that a trainer takes for a column of its own, as `label`, `text` or `images`.
 */

const id = column(
  'id',
  'string',
  'Stable: the same row in every release that holds it.',
  (example: Facts) => example.id,
);
const origin = column(
  'origin',
  'string',
  'Who wrote it: `human`, `human_edited` (begun as a suggestion of a model), `model`, or `import`, which does not say.',
  (example: Facts) => example.origin,
);
const language = column(
  'language',
  'string',
  'ISO 639-1; null where it cannot be told.',
  (example: Facts) => example.language,
  { nullable: true },
);
const source = column('source', 'string', 'Where an import says that it is from.', (example: Facts) => example.source, {
  nullable: true,
});
const round = column(
  'round',
  'int64',
  'Number of the round in which it was made; null before the first.',
  (example: Facts) => example.round,
  { nullable: true },
);
const groupId = column(
  'group_id',
  'string',
  'The comparison. Rows with the same one belong together: keep them in one batch.',
  (example: Pair | Ranked | Rated) => example.groupId,
);
const k = column('k', 'int64', 'Completions of the comparison.', (example: Pair | Ranked) => example.k);
const ranker = column(
  'ranker',
  'string',
  'The trainer who ranked; null where several rankings were put together, or an import does not say.',
  (example: Pair | Ranked | Rated) => example.ranker,
  { nullable: true },
);
const rankingId = column(
  'ranking_id',
  'string',
  'The ranking; null where several were put together.',
  (example: Pair | Ranked | Rated) => example.rankingId,
  { nullable: true },
);
const samplingId = column(
  'sampling_id',
  'string',
  'The run of sampling that made the completions.',
  (example: Pair | Ranked) => example.samplingId,
  { nullable: true },
);
const agreement = column(
  'agreement',
  'float64',
  'Of all pairs of this comparison that two rankings order, the share that they order the same; null with fewer than two rankings.',
  (example: Pair | Ranked) => example.agreement,
  { nullable: true },
);
const model = column(
  'model',
  'string',
  'The model that wrote the completion.',
  (example: Judged | Rated | Said) => example.completion.model,
  { nullable: true },
);

export const ofDialogue: readonly Column<Dialogue>[] = [
  id,
  origin,
  column('trainer', 'string', 'The trainer who wrote it; null where none did.', (example) => example.trainer, {
    nullable: true,
  }),
  language,
  source,
  round,
];

const margin = column(
  'margin',
  'float64',
  "Difference of the two overall ratings; 0 where they were not rated, for TRL's RewardTrainer takes no null here.",
  (pair: Pair) => pair.margin ?? 0,
);

/** `margin` is there only where the rubric asks for an overall rating: RewardTrainer uses the column wherever it sees one. */
export function ofPair({ overall }: Pick<Rubric, 'overall'>): readonly Column<Pair>[] {
  return [
    id,
    groupId,
    k,
    column(
      'weight',
      'float64',
      '1/(K(K-1)/2): a comparison ranked without ties weighs 1, whatever K is.',
      (pair) => 2 / (pair.k * (pair.k - 1)),
    ),
    ...(overall === null ? [] : [margin]),
    column('distance', 'int64', 'Places between the two in the ranking.', (pair) => pair.distance),
    column('chosen_model', 'string', 'The model that wrote the better one.', (pair) => pair.chosen.model, {
      nullable: true,
    }),
    column('rejected_model', 'string', 'The model that wrote the worse one.', (pair) => pair.rejected.model, {
      nullable: true,
    }),
    origin,
    column(
      'picked',
      'string',
      'Which of the two was picked from a chat, where the others were sampled for it: `chosen` or `rejected`; null for neither.',
      ({ originalId, chosen, rejected }) =>
        originalId === null
          ? null
          : originalId === chosen.id
            ? 'chosen'
            : originalId === rejected.id
              ? 'rejected'
              : null,
      { nullable: true },
    ),
    rankingId,
    samplingId,
    round,
    ranker,
    agreement,
    language,
    source,
  ];
}

export const ofRanked: readonly Column<Ranked>[] = [
  groupId,
  id,
  k,
  origin,
  rankingId,
  samplingId,
  round,
  ranker,
  agreement,
  language,
  source,
];

export const ofJudged: readonly Column<Judged>[] = [id, origin, model, language, source, round];

export const ofRated: readonly Column<Rated>[] = [
  id,
  groupId,
  column('rank', 'int64', 'Its place in the ranking, from 1, which is best; ties share one.', (rated) => rated.rank, {
    nullable: true,
  }),
  origin,
  model,
  rankingId,
  round,
  ranker,
  language,
  source,
];

export const ofPrompt: readonly Column<Prompt>[] = [id, origin, language, source, round];

export const ofSaid: readonly Column<Said>[] = [
  id,
  origin,
  model,
  column('trainer', 'string', 'The trainer who said it.', (said) => said.trainer, { nullable: true }),
  language,
  source,
  round,
];

/** What was found in a row, where the release marks personal data. */
export const piiField: Field = {
  name: 'pii',
  type: { list: 'string' },
  nullable: false,
  about: 'Kinds of personal data that were found in the row: `email`, `phone`, `card`, `national_id`, `ip_address`.',
};
