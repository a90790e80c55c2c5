import type { DatasetKind } from '../../../shared/releases.ts';

/** What each dataset is, and what a row of it looks like. */
export const datasets: Record<DatasetKind, { name: string; source: string; about: string; row: unknown }> = {
  sft: {
    name: 'SFT',
    source: 'dialogue',
    about:
      'Dialogues for supervised fine-tuning: demonstrations written here, and imported dialogues; origin tells them apart.',
    row: {
      messages: [
        { role: 'user', content: '…' },
        { role: 'assistant', content: '…' },
      ],
      origin: 'human',
      id: '…',
    },
  },
  comparisons: {
    name: 'Comparisons',
    source: 'ranking',
    about:
      'Preference pairs for reward models, in the shape that TRL reads: a row for every two completions of which a ranking puts one above the other. Ties give no row. The rows of a ranking of k completions weigh 1 together where nothing ties; distance is how many places lie between the two. chosen_model and rejected_model tell which model wrote which; sampling_id, that they were sampled here; picked, which of the two was said in the chat itself. What is not known or does not apply is null.',
    row: {
      prompt: [{ role: 'user', content: '…' }],
      chosen: [{ role: 'assistant', content: '…' }],
      rejected: [{ role: 'assistant', content: '…' }],
      origin: 'model',
      chosen_model: '…',
      rejected_model: '…',
      picked: 'chosen',
      group_id: '…',
      ranking_id: '…',
      k: 4,
      weight: 0.1667,
      sampling_id: '…',
      round: 1,
      distance: 1,
    },
  },
};
