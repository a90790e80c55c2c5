import { newId } from '../db/ids.ts';
import type { ComparisonSubmission, ComparisonTask, Rating } from '../../shared/comparisons.ts';
import type { Rubric } from '../../shared/projects.ts';
import { labels, rankingFault } from '../../shared/ranking.ts';
import type { Draft, Submission } from '../../shared/tasks.ts';
import type { Database } from '../db/database.ts';
import { invalid } from '../problem.ts';
import type { AssignmentRow, Standing } from '../tasks/queries/assignment.ts';
import type { WorkKind } from '../tasks/work-kind.ts';
import { shownOrder } from './order.ts';
import { type RankingRow, selectRanking, submitRanking } from './queries.ts';

/** Comparisons as work: completions under letters in this trainer's order, and rankings by those letters. */
export const comparisonWork: WorkKind = {
  kind: 'comparison',

  view({ conversation, completions, seed }: AssignmentRow): ComparisonTask {
    const texts = completions ?? [];
    const letters = labels(texts.length);
    return {
      conversation,
      completions: shownOrder(texts.length, seed).map((index, place) => ({
        label: letters[place] ?? '',
        content: '',
        ...texts[index],
      })),
    };
  },

  result({ k, seed, comparisonId, rubric, limits }: Standing, submission: Submission) {
    if (!('ranking' in submission)) throw invalid('ranking', 'is required: this assignment is a comparison');
    const shown = shownOrder(k, seed);
    const { groups, ratings } = byIndex(submission, shown, rubric);
    const { comment = null, allBad = false, rewrite = null } = submission;
    if (rewrite !== null && rewrite.length > limits.maxCharacters)
      throw invalid('rewrite', `must have at most ${limits.maxCharacters} characters`);
    return {
      statement: submitRanking,
      values: [
        newId(),
        comparisonId,
        JSON.stringify(groups),
        JSON.stringify(shown),
        ratings && JSON.stringify(ratings),
        comment,
        allBad,
        rewrite,
      ],
    };
  },

  async submission(db: Database, { id }: Standing): Promise<Draft> {
    const row = await selectRanking(db, id);
    return row === null ? {} : byLabel(row);
  },
};

/**
 * A submission's letters turned into indexes of the completions. `shown[i]` is the index of the completion under the
 * i-th letter. Throws `invalid` where the ranking does not hold each letter once, or the ratings do not fit the rubric.
 */
export function byIndex(
  { ranking, ratings }: Pick<ComparisonSubmission, 'ranking' | 'ratings'>,
  shown: readonly number[],
  rubric: Rubric,
): { groups: number[][]; ratings: Record<string, Rating> | null } {
  const letters = labels(shown.length);
  const fault = rankingFault(ranking, letters);
  if (fault) throw invalid(['ranking', ...fault.path].join('.'), fault.message);
  const indexOf = (letter: string): number | undefined => shown[letters.indexOf(letter)];
  const rated = Object.entries(ratings ?? {}).flatMap(([letter, rating]) => {
    const index = indexOf(letter);
    if (index === undefined) throw invalid(`ratings.${letter}`, 'there is no such completion here');
    if (rating === undefined) return [];
    checkRating(letter, rating, rubric);
    return [[String(index), rating] as const];
  });
  return {
    groups: ranking.map((group) => group.flatMap((letter) => indexOf(letter) ?? [])),
    ratings: rated.length > 0 ? Object.fromEntries(rated) : null,
  };
}

function checkRating(letter: string, { overall, flags }: Rating, rubric: Rubric): void {
  if (overall !== undefined && rubric.overall === null)
    throw invalid(`ratings.${letter}.overall`, 'this project asks for no overall rating');
  if (overall !== undefined && rubric.overall !== null && overall > rubric.overall.max)
    throw invalid(`ratings.${letter}.overall`, `must be from 1 to ${rubric.overall.max}`);
  const unknown = flags?.find((flag) => !rubric.flags.some(({ key }) => key === flag));
  if (unknown !== undefined) throw invalid(`ratings.${letter}.flags`, `this project has no flag ${unknown}`);
}

/** A stored ranking in the shape in which it was submitted. */
export function byLabel({ groups, shown, ratings, comment, allBad, rewrite }: RankingRow): ComparisonSubmission {
  const order = shown ?? groups.flat().toSorted((a, b) => a - b);
  const letters = labels(order.length);
  const letterOf = (index: number): string => letters[order.indexOf(index)] ?? '';
  return {
    ranking: groups.map((group) => group.map(letterOf)),
    ...(ratings && {
      ratings: Object.fromEntries(Object.entries(ratings).map(([index, rating]) => [letterOf(Number(index)), rating])),
    }),
    ...(comment !== null && { comment }),
    ...(allBad && { allBad }),
    ...(rewrite !== null && { rewrite }),
  };
}
