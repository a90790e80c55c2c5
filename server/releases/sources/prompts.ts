import type { Database } from '../../db/database.ts';
import type { Prompt } from '../examples.ts';
import { pages } from '../pages.ts';
import * as queries from '../queries/sources.ts';
import { factsOf, modelsOf, type Reading } from './facts.ts';
import { pathTo, plain, sizeOf } from './paths.ts';

/**
 * What a policy is to answer: imported prompts, and what trainers began their chats with. Those that begin as a row of another
 * kind of dataset does (`isUsed`, by near-duplicate group) are left out, so that PPO sees none that SFT or the reward model saw.
 */
export async function* prompts(
  db: Database,
  scope: queries.Scope,
  kind: 'prompt' | 'chat',
  reading: Reading & { isUsed: (group: string) => boolean; onUsed: (count: number) => void },
): AsyncGenerator<{ examples: Prompt[]; sources: number }> {
  for await (const { rows, messages } of pages(async (after, limit) => {
    const rows = await (kind === 'chat'
      ? queries.nextChats(db, scope, after, limit)
      : queries.nextConversations(db, scope, kind, after, limit));
    const messages = await queries.selectMessagesOf(
      db,
      scope,
      rows.map(({ id }) => id),
    );
    return { rows, messages: Map.groupBy(messages, ({ conversationId }) => conversationId), size: sizeOf(messages) };
  })) {
    const examples = rows.flatMap((row) => promptOf(row, messages.get(row.id) ?? [], reading) ?? []);
    const free = examples.filter(({ group }) => !reading.isUsed(group));
    if (free.length < examples.length) reading.onUsed(examples.length - free.length);
    yield { examples: free, sources: rows.length };
  }
}

function promptOf(
  row: queries.ConversationRow,
  messages: readonly queries.MessageRow[],
  reading: Reading,
): Prompt | null {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const answered = new Set(messages.map(({ parentId }) => parentId));
  // An imported prompt ends where its answers, if any, begin; a chat's is what was said first.
  const ends = messages.filter(
    ({ id, role }) =>
      role === 'user' &&
      (row.kind === 'chat' || !answered.has(id) || !messages.some((m) => m.parentId === id && m.role === 'user')),
  );
  const end =
    row.kind === 'chat'
      ? ends.find(({ parentId }) => parentId === null || byId.get(parentId)?.role === 'system')
      : ends.reduce<queries.MessageRow | undefined>(
          (last, one) =>
            last === undefined || pathTo(byId, one.id).length > pathTo(byId, last.id).length ? one : last,
          undefined,
        );
  if (end === undefined) return null;
  const path = pathTo(byId, end.id);
  return {
    shape: 'prompt',
    id: row.id,
    ...factsOf(reading, row),
    prompt: path.map(plain),
    trainers: row.authorId === null ? [] : [row.authorId],
    task: row.kind === 'chat' ? 'chat' : null,
    origin: row.kind === 'chat' ? 'human' : 'import',
    activeMs: 0,
    models: modelsOf(path),
  };
}

/** The groups with which rows of the other kinds of dataset begin, page by page. */
export async function* usedGroups(db: Database, scope: queries.Scope, { groupOf }: Reading): AsyncGenerator<string[]> {
  for (const kind of ['demonstration', 'dialogue'] as const)
    for await (const { rows } of pages(async (after, limit) => ({
      rows: await queries.nextConversations(db, scope, kind, after, limit),
      size: 0,
    })))
      yield rows.flatMap(({ groupId }) => (groupId === null ? [] : groupOf(groupId)));
  for await (const { rows } of pages(async (after, limit) => ({
    rows: await queries.nextCompared(db, scope, after, limit),
    size: 0,
  })))
    yield rows.flatMap(({ conversation: { groupId } }) => (groupId === null ? [] : groupOf(groupId)));
}
