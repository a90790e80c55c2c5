import { ranks } from '../../../shared/ranking.ts';
import type { Database } from '../../db/database.ts';
import { rankedPairs } from '../consensus.ts';
import type { Branch, Tree } from '../examples.ts';
import { pages } from '../pages.ts';
import * as queries from '../queries/sources.ts';
import { commonOrigin, factsOf, modelsOf, type Reading, taskOf } from './facts.ts';
import { sizeOf } from './paths.ts';

/** Whole conversations with all their branches; only those in which something was ranked, where `ranked`. */
export async function* trees(
  db: Database,
  scope: queries.Scope,
  kind: queries.ConversationKind,
  { ranked }: { ranked: boolean },
  reading: Reading,
): AsyncGenerator<{ examples: Tree[]; sources: number }> {
  for await (const { rows, messages, rankings } of pages(async (after, limit) => {
    const rows = await queries.nextConversations(db, scope, kind, after, limit);
    const ids = rows.map(({ id }) => id);
    const [messages, rankings] = await Promise.all([
      queries.selectMessagesOf(db, scope, ids),
      queries.selectTreeRankings(db, scope, ids),
    ]);
    return {
      ...{ rows, size: sizeOf(messages) },
      messages: Map.groupBy(messages, ({ conversationId }) => conversationId),
      rankings: Map.groupBy(rankings, ({ conversationId }) => conversationId),
    };
  }))
    yield {
      examples: rows.flatMap((row) => {
        const places = placesOf(rankings.get(row.id) ?? []);
        const all = messages.get(row.id) ?? [];
        const isRanked = places.size > 0 || all.some(({ extra }) => typeof extra?.['rank'] === 'number');
        return ranked && !isRanked ? [] : [treeOf(row, all, places, reading)];
      }),
      sources: rows.length,
    };
}

/** By message, its place from 0 among those that people ranked with it. */
function placesOf(rankings: readonly { completionIds: string[]; groups: number[][][] }[]): Map<string, number> {
  return new Map(
    rankings.flatMap(({ completionIds, groups }) => {
      const consensus = rankedPairs(groups, completionIds.length, (index) => completionIds[index] ?? '');
      return [...ranks(consensus)].flatMap(([index, rank]) => {
        const id = completionIds[index];
        return id === undefined ? [] : [[id, rank - 1] as const];
      });
    }),
  );
}

function treeOf(
  row: queries.ConversationRow,
  messages: readonly queries.MessageRow[],
  places: ReadonlyMap<string, number>,
  reading: Reading,
): Tree {
  const children = Map.groupBy(messages, ({ parentId }) => parentId);
  const ordered: Branch[] = [];
  // A list instead of recursion, for depth is in people's hands. Ids grow with time, and so does the order of siblings.
  const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? 1 : -1);
  const open = (children.get(null) ?? []).toSorted(byId);
  for (let next = open.pop(); next; next = open.pop()) {
    ordered.push(branchOf(next, places));
    open.push(...(children.get(next.id) ?? []).toSorted(byId));
  }
  return {
    shape: 'tree',
    ...factsOf(reading, row),
    ...{ id: row.id, messages: ordered, extra: row.extra, activeMs: row.activeMs },
    treeId: row.importKey?.startsWith('oasst:id:') ? row.importKey.slice('oasst:id:'.length) : row.id,
    trainers: row.authorId === null ? [] : [row.authorId],
    task: taskOf(row.kind),
    origin: row.kind === 'demonstration' ? 'human' : commonOrigin(messages.filter(({ role }) => role === 'assistant')),
    models: modelsOf(messages),
  };
}

function branchOf(message: queries.MessageRow, places: ReadonlyMap<string, number>): Branch {
  const { id, externalId, parentId, role, content, model, authorKind, extra } = message;
  const given = extra?.['rank'];
  return {
    ...{ id, externalId, parentId, role, content, model, extra },
    written: authorKind === 'trainer' ? 'human' : authorKind,
    // Without a ranking by people here, that of the import stands, which may be partial.
    rank: places.get(id) ?? (typeof given === 'number' ? given : null),
  };
}
