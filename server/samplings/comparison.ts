import { newId } from '../db/ids.ts';
import { shownOrder } from '../comparisons/order.ts';
import type { Context } from '../context.ts';
import { positions } from '../tasks/claim.ts';
import { slots } from '../tasks/submit.ts';
import type { Comparing } from './queries/comparing.ts';

/**
 * A comparison of completions that models wrote here, in an order that the seed decides: so the original of a chat, which
 * is a message already, has no fixed place.
 */
export function comparisonOf(
  original: string | null,
  generationIds: readonly string[],
  seed: number,
  { clock, random }: Pick<Context, 'clock' | 'random'>,
): Comparing {
  const ids = original === null ? generationIds : [original, ...generationIds];
  return {
    comparisonId: newId(),
    taskId: newId(),
    completionIds: shownOrder(ids.length, seed).flatMap((index) => ids[index] ?? []),
    generationIds,
    position: Math.floor(random() * positions),
    slot: Math.floor(random() * slots),
    now: clock(),
  };
}
