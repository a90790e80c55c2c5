import { editDistance } from '../../shared/edit-distance.ts';
import type { SuggestionFate } from '../../shared/suggestions.ts';

/** What of a suggestion was put into which message, as a submission names it; null for a message that is gone. */
export interface Taken {
  readonly suggestionId: string;
  readonly index: number | null;
  readonly inserted: string;
}

/** What a message began as. */
export interface Origin {
  suggestionId: string;
  /** From what was inserted to the whole message as submitted, 0 to 1. */
  editDistance: number;
}

/** What became of a suggestion of which something was taken. */
export interface Outcome {
  suggestionId: string;
  fate: SuggestionFate;
  /** Null where nothing of it is left. */
  editDistance: number | null;
  taken: { place: number; index: number | null; inserted: string }[];
}

/** By message: the suggestion that it began as, or null. Of several, the one of which most was inserted. */
export function originsOf(texts: readonly string[], taken: readonly Taken[]): (Origin | null)[] {
  const byIndex = Map.groupBy(taken, ({ index }) => index);
  return texts.map((text, index) => {
    const most = longest(byIndex.get(index) ?? []);
    return most && { suggestionId: most.suggestionId, editDistance: editDistance(most.inserted, text) };
  });
}

/**
 * What became of each suggestion that was taken: `inserted` where all that is left of what was put in stands as it was,
 * blanks around it aside. Of several parts, the distance is that of the longest.
 */
export function outcomesOf(texts: readonly string[], taken: readonly Taken[]): Outcome[] {
  const placed = taken.map(({ suggestionId, index, inserted }, place) => ({ suggestionId, place, index, inserted }));
  return [...Map.groupBy(placed, ({ suggestionId }) => suggestionId)].map(([suggestionId, parts]) => {
    const textOf = ({ index }: Taken): string => (index === null ? '' : (texts[index] ?? ''));
    const left = parts.filter(({ index }) => index !== null);
    const most = longest(left);
    const stands = left.every((part) => textOf(part).includes(part.inserted.trim()));
    return {
      suggestionId,
      fate: most === null ? 'removed' : stands ? 'inserted' : 'edited',
      editDistance: most && editDistance(most.inserted, textOf(most)),
      taken: parts.map(({ place, index, inserted }) => ({ place, index, inserted })),
    };
  });
}

function longest<T extends Taken>(taken: readonly T[]): T | null {
  return taken.reduce<T | null>(
    (most, one) => (most && most.inserted.length >= one.inserted.length ? most : one),
    null,
  );
}
