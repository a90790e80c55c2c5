import { z } from 'zod';
import { content, maxCompletions, minCompletions } from '../../../shared/conversations.ts';
import { rankingFault } from '../../../shared/ranking.ts';
import { BadRecord, chain, identity, type ImportedConversation, modelName, parsed, promptOf } from './imported.ts';

/** A text alone stands for `{content}`. */
const completion = z.preprocess(
  (value) => (typeof value === 'string' ? { content: value } : value),
  z.object({ content, model: modelName }),
);
const counted = `must be from ${minCompletions} to ${maxCompletions}`;
const ranking = z.object({
  trainer: z.string().trim().min(1, 'must not be empty').max(200, 'must have at most 200 characters').nullish(),
  ranking: z.array(z.array(z.int())),
});
const record = z.object({
  ...identity,
  prompt: z.unknown().optional(),
  messages: z.unknown().optional(),
  completions: z.array(completion).min(minCompletions, counted).max(maxCompletions, counted),
  rankings: z.array(ranking).max(1000, 'must be at most 1000').nullish(),
});

/** `{prompt | messages, completions, id?, source?, rankings?}`: completions to be ranked, with what was ranked before. */
export function readComparison(value: unknown): ImportedConversation {
  const { id, source, completions, rankings, ...rest } = parsed(record, value);
  const messages = chain(promptOf(rest));
  const prompt = messages.length - 1;
  const seen = new Map<string, number>();
  for (const [index, { content, model }] of completions.entries()) {
    const same = seen.get(content);
    if (same !== undefined) throw new BadRecord(`completions.${index}: is the same text as completions.${same}`);
    seen.set(content, index);
    const authorKind = model == null ? 'import' : 'model';
    messages.push({ parent: prompt, role: 'assistant', content, authorKind, model: model ?? null, externalId: null });
  }
  return {
    kind: 'prompt',
    id,
    source,
    messages,
    wantsDemonstration: false,
    comparisons: [
      {
        prompt,
        completions: completions.map((_, index) => prompt + 1 + index),
        rankings: rankings ? rankingsOf(rankings, completions.length) : [],
      },
    ],
  };
}

function rankingsOf(rankings: z.output<typeof ranking>[], count: number) {
  const expected = Array.from({ length: count }, (_, index) => String(index));
  const trainers = new Set<string>();
  return rankings.map(({ trainer, ranking }, index) => {
    const fault = rankingFault(
      ranking.map((group) => group.map(String)),
      expected,
    );
    if (fault) throw new BadRecord(`${['rankings', index, 'ranking', ...fault.path].join('.')}: ${fault.message}`);
    if (trainer != null) {
      // Not told apart by case: two spellings of one email are one person, who ranks a comparison once.
      if (trainers.has(trainer.toLowerCase()))
        throw new BadRecord(`rankings.${index}.trainer: ${trainer} has ranked this twice`);
      trainers.add(trainer.toLowerCase());
    }
    return { trainer: trainer ?? null, groups: ranking };
  });
}
