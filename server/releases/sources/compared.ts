import type { Message } from '../../../shared/conversations.ts';
import { pairs, ranks } from '../../../shared/ranking.ts';
import type { ReleaseDefinition } from '../../../shared/releases.ts';
import type { Database } from '../../db/database.ts';
import { agreement, majorityPairs, rankedPairs } from '../consensus.ts';
import type { Completion, Dialogue, Example, Facts, Judged, Pair, Ranked, Rated, Turn } from '../examples.ts';
import { passesQuality, passesRanking, type Quality } from '../filter.ts';
import { pages } from '../pages.ts';
import * as queries from '../queries/sources.ts';
import { commonOrigin, factsOf, modelsOf, type NamedReading, originOf } from './facts.ts';
import { completionOf, found, type Messages, pathTo, plain, sizeOf } from './paths.ts';

/** What is made of a comparison. */
export type Making = (compared: Compared, definition: ReleaseDefinition) => Example[];

/** A comparison with those of its rankings that the filter looks at; at least one. */
interface Compared {
  facts: Omit<Facts, 'id' | 'trainers' | 'origin' | 'models' | 'activeMs' | 'createdAt'>;
  id: string;
  k: number;
  prompt: Message[];
  messages: queries.MessageRow[];
  completions: Completion[];
  rankings: queries.RankingOf[];
  qualities: Quality[];
  samplingId: string | null;
  originalId: string | null;
  agreement: number | null;
  /** The name under which rows show a trainer. */
  nameOf: (trainerId: string | null) => string | null;
}

/** Comparisons of which examples are made at a time: between two, the reading of the next page has its turn. */
const together = 32;

/** What is made of the comparisons whose rankings stood at the moment. */
export async function* compared(
  db: Database,
  scope: queries.Scope,
  definition: ReleaseDefinition,
  make: Making,
  reading: NamedReading,
): AsyncGenerator<{ examples: Example[]; sources: number }> {
  for await (const { rows, messages } of pages(async (after, limit) => {
    const rows = await queries.nextCompared(db, scope, after, limit);
    const ids = [...new Set(rows.map(({ conversation }) => conversation.id))];
    const messages = await queries.selectMessagesOf(db, scope, ids);
    return { rows, messages: new Map(messages.map((message) => [message.id, message])), size: sizeOf(messages) };
  }))
    for (let at = 0; at < rows.length; at += together) {
      const some = rows.slice(at, at + together);
      const examples = some.flatMap((row) => {
        const one = comparedOf(row, messages, definition, reading);
        return one === null ? [] : make(one, definition);
      });
      yield { examples, sources: some.length };
    }
}

function comparedOf(
  row: queries.ComparedRow,
  messages: Messages,
  { filter }: ReleaseDefinition,
  { nameOf, ...reading }: NamedReading,
): Compared | null {
  const rankings = row.rankings.filter((ranking) => passesRanking(filter, ranking));
  if (rankings.length === 0 || rankings.length < (filter.minRankings ?? 1)) return null;
  const k = row.completionIds.length;
  const groups = rankings.map((ranking) => ranking.groups);
  const { same, pairs: ordered } = rankings.length < 2 ? { same: 0, pairs: 0 } : agreement(groups, k);
  const agreed = ordered === 0 ? null : same / ordered;
  if (filter.minAgreement !== null && (agreed === null || agreed * 100 < filter.minAgreement)) return null;
  const { createdAt: _, ...facts } = factsOf(reading, row.conversation);
  const completions = row.completionIds.map((id) => found(messages, id));
  return {
    facts: {
      ...facts,
      round: row.round,
      task: rankings.every(({ trainerId }) => trainerId === null) ? null : 'comparison',
    },
    ...{ id: row.id, k, rankings, nameOf, agreement: agreed, samplingId: row.samplingId, originalId: row.originalId },
    prompt: pathTo(messages, row.promptMessageId).map(plain),
    messages: completions,
    completions: completions.map(completionOf),
    qualities: row.completionIds.map((_, index) => qualityOf(rankings, index)),
  };
}

function qualityOf(rankings: readonly queries.RankingOf[], index: number): Quality {
  const given = rankings.flatMap(({ ratings }) => ratings?.[index] ?? []);
  const overall = given.flatMap((rating) => rating.overall ?? []);
  return {
    overall: overall.length === 0 ? null : overall.reduce((sum, value) => sum + value, 0) / overall.length,
    flags: new Set(given.flatMap(({ flags }) => flags ?? [])),
  };
}

/** The facts of all that is made from these rankings. */
function sharedFacts({ facts }: Compared, rankings: readonly queries.RankingOf[]) {
  return {
    ...facts,
    trainers: [...new Set(rankings.flatMap(({ trainerId }) => trainerId ?? []))],
    createdAt: new Date(Math.max(...rankings.map(({ at }) => at.getTime()))),
    activeMs: rankings.reduce((sum, { activeMs }) => sum + activeMs, 0),
  };
}

/** The facts of what is made about these completions. */
function ownFacts({ messages }: Compared, id: string, of: readonly number[]) {
  const written = of.flatMap((index) => messages[index] ?? []);
  return { id, origin: commonOrigin(written), models: modelsOf(written) };
}

/** The facts of what is made from these rankings about these completions. */
const factsFor = (one: Compared, id: string, rankings: readonly queries.RankingOf[], of: readonly number[]): Facts => ({
  ...sharedFacts(one, rankings),
  ...ownFacts(one, id, of),
});

function comparedWith(one: Compared, ranking: queries.RankingOf | null) {
  const { prompt, id: groupId, k, samplingId, originalId, agreement } = one;
  const ranker = ranking === null ? null : one.nameOf(ranking.trainerId);
  return { prompt, groupId, k, samplingId, originalId, agreement, rankingId: ranking?.id ?? null, ranker };
}

/** One ranking that all of them agree on best. Ties of strength are broken by the ids of the completions. */
const consensusOf = ({ rankings, k, completions }: Compared): number[][] =>
  rankings.length === 1 && rankings[0] !== undefined
    ? rankings[0].groups
    : rankedPairs(
        rankings.map(({ groups }) => groups),
        k,
        (index) => completions[index]?.id ?? '',
      );

/** Each ranking by itself, or all of them as one. */
function policy(
  one: Compared,
  { rankings: how }: ReleaseDefinition,
): { ranking: queries.RankingOf | null; groups: number[][] }[] {
  return how === 'each'
    ? one.rankings.map((ranking) => ({ ranking, groups: ranking.groups }))
    : [{ ranking: null, groups: consensusOf(one) }];
}

export const makePairs: Making = (one, definition) => {
  const { filter, rankings: how } = definition;
  const made: Pair[] = [];
  const add = (ranking: queries.RankingOf | null, ordered: ReturnType<typeof pairs<number>>): void => {
    const shared = {
      ...sharedFacts(one, ranking === null ? one.rankings : [ranking]),
      ...comparedWith(one, ranking),
    };
    for (const { better, worse, distance } of ordered) {
      const [chosen, rejected, quality] = [one.completions[better], one.completions[worse], one.qualities[better]];
      if (!chosen || !rejected || !quality || !passesQuality(filter, quality)) continue;
      made.push({
        shape: 'pair',
        ...shared,
        ...ownFacts(one, `${ranking?.id ?? one.id}:${better}:${worse}`, [better, worse]),
        ...{ chosen, rejected, distance, margin: marginOf(one, ranking, better, worse) },
      });
    }
  };
  if (how === 'majority') {
    const groups = one.rankings.map((ranking) => ranking.groups);
    add(
      null,
      majorityPairs(groups, one.k).map((pair) => ({ ...pair, distance: pair.for - pair.against })),
    );
  } else for (const { ranking, groups } of policy(one, definition)) add(ranking, pairs(groups));
  return made;
};

/** How much better the chosen one was rated, by the ranker or on average. */
function marginOf(one: Compared, ranking: queries.RankingOf | null, better: number, worse: number): number | null {
  const overall = (index: number): number | null => {
    const given: { overall?: number | null | undefined } | undefined =
      ranking === null ? one.qualities[index] : ranking.ratings?.[index];
    return given?.overall ?? null;
  };
  const [high, low] = [overall(better), overall(worse)];
  return high === null || low === null ? null : high - low;
}

export const makeRanked: Making = (one, definition) =>
  policy(one, definition).flatMap(({ ranking, groups }): Ranked[] => {
    const best = one.qualities[groups[0]?.[0] ?? 0];
    if (!best || !passesQuality(definition.filter, best)) return [];
    const places = ranks(groups);
    const all = one.completions.map((_, index) => index);
    return [
      {
        shape: 'ranked',
        ...factsFor(one, ranking?.id ?? one.id, ranking === null ? one.rankings : [ranking], all),
        ...comparedWith(one, ranking),
        completions: one.completions,
        ranks: all.map((index) => places.get(index) ?? null),
      },
    ];
  });

export const makeRated: Making = (one, { filter }) =>
  one.rankings.flatMap((ranking) => {
    const places = ranks(ranking.groups);
    return one.completions.flatMap((completion, index): Rated[] => {
      const rating = ranking.ratings?.[index] ?? null;
      const quality = { overall: rating?.overall ?? null, flags: new Set(rating?.flags) };
      if (rating === null || !passesQuality(filter, quality)) return [];
      return [
        {
          shape: 'rated',
          ...factsFor(one, `${ranking.id}:${index}`, [ranking], [index]),
          ...{ prompt: one.prompt, completion, groupId: one.id, rankingId: ranking.id, rating },
          ...{ ranker: one.nameOf(ranking.trainerId), rank: places.get(index) ?? null },
        },
      ];
    });
  });

/** Good or bad, by the mean of the ratings, or by being ranked best or worst; in between makes no row. */
export const makeJudged: Making = (one, definition) => {
  const { filter, unpaired } = definition;
  const judged = (index: number, good: boolean, ranking: queries.RankingOf | null): Judged[] => {
    const [completion, quality] = [one.completions[index], one.qualities[index]];
    if (!completion || !quality || !passesQuality(filter, quality)) return [];
    const id = `${ranking?.id ?? one.id}:${index}`;
    return [
      {
        shape: 'judged',
        ...factsFor(one, id, ranking === null ? one.rankings : [ranking], [index]),
        ...{ prompt: one.prompt, completion, good },
      },
    ];
  };
  if (unpaired.by === 'ratings')
    return one.qualities.flatMap(({ overall }, index) =>
      overall === null || (overall > unpaired.badUpTo && overall < unpaired.goodFrom)
        ? []
        : judged(index, overall >= unpaired.goodFrom, null),
    );
  return policy(one, definition).flatMap(({ ranking, groups }) =>
    groups.length < 2
      ? []
      : [
          ...(groups[0] ?? []).flatMap((index) => judged(index, true, ranking)),
          ...(groups.at(-1) ?? []).flatMap((index) => judged(index, false, ranking)),
        ],
  );
};

/**
 * The completion that all rankings together place first, as a dialogue of which only that answer is learned. Where several
 * share the place, or most who ranked said that none is acceptable, there is none.
 */
export const makeBest: Making = (one, { filter }) => {
  const { rankings } = one;
  if (rankings.filter(({ allBad }) => allBad).length * 2 > rankings.length) return [];
  const [first] = consensusOf(one);
  const [best] = first?.length === 1 ? first : [];
  const message = best === undefined ? undefined : one.messages[best];
  const quality = best === undefined ? undefined : one.qualities[best];
  if (best === undefined || !message || !quality || !passesQuality(filter, quality)) return [];
  const turns: Turn[] = [
    ...one.prompt.map((turn) => ({ ...turn, trained: false })),
    { ...plain(message), trained: true },
  ];
  const dialogue: Dialogue = {
    shape: 'dialogue',
    ...factsFor(one, `${one.id}:best`, rankings, [best]),
    origin: originOf(message),
    // It was picked by those who ranked, not written by them.
    trainer: null,
    turns,
  };
  return [dialogue];
};
