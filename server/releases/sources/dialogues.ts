import type { Database } from '../../db/database.ts';
import type { Dialogue, Turn } from '../examples.ts';
import { pages } from '../pages.ts';
import * as queries from '../queries/sources.ts';
import { factsOf, modelsOf, type NamedReading, taskOf } from './facts.ts';
import { answeredPath, isOfDialogue, plain, sizeOf } from './paths.ts';

/** Demonstrations, or imported dialogues, that stood at the moment. A tree is no one dialogue and makes none. */
export async function* dialogues(
  db: Database,
  scope: queries.Scope,
  kind: 'demonstration' | 'dialogue',
  reading: NamedReading,
): AsyncGenerator<{ examples: Dialogue[]; sources: number }> {
  for await (const { rows, messages } of pages(async (after, limit) => {
    const rows = await queries.nextConversations(db, scope, kind, after, limit);
    return withMessages(db, scope, rows);
  }))
    yield {
      examples: rows.flatMap((row) => dialogueOf(row, messages.get(row.id) ?? [], reading) ?? []),
      sources: rows.length,
    };
}

/** These imported dialogues, in the order of `ids`. */
export async function dialoguesNamed(
  db: Database,
  scope: queries.Scope,
  ids: readonly string[],
  reading: NamedReading,
): Promise<Dialogue[]> {
  const { rows, messages } = await withMessages(db, scope, await queries.selectConversationsOf(db, ids));
  const byId = new Map(rows.map((row) => [row.id, row]));
  return ids.flatMap((id) => {
    const row = byId.get(id);
    return (row && dialogueOf(row, messages.get(id) ?? [], reading)) ?? [];
  });
}

async function withMessages(db: Database, scope: queries.Scope, rows: queries.ConversationRow[]) {
  const messages = await queries.selectMessagesOf(
    db,
    scope,
    rows.map(({ id }) => id),
  );
  return { rows, messages: Map.groupBy(messages, ({ conversationId }) => conversationId), size: sizeOf(messages) };
}

function dialogueOf(
  row: queries.ConversationRow,
  messages: readonly queries.MessageRow[],
  reading: NamedReading,
): Dialogue | null {
  const path = answeredPath(messages.filter(isOfDialogue));
  if (path === null) return null;
  const turns = path.map((message): Turn => ({ ...plain(message), trained: isTrained(message) }));
  return {
    shape: 'dialogue',
    id: row.id,
    ...factsOf(reading, row),
    ...{ turns, trainers: row.authorId === null ? [] : [row.authorId], task: taskOf(row.kind), activeMs: row.activeMs },
    origin: dialogueOrigin(row, path),
    models: modelsOf(path),
    trainer: reading.nameOf(row.authorId),
  };
}

/** All that the assistant says, save what an import says is not to be learnt (`weight`, as OpenAI's fine-tuning takes it). */
const isTrained = ({ role, extra }: queries.MessageRow): boolean => role === 'assistant' && extra?.['weight'] !== 0;

function dialogueOrigin({ kind }: queries.ConversationRow, path: readonly queries.MessageRow[]): Dialogue['origin'] {
  if (kind === 'demonstration')
    return path.some(({ generationId }) => generationId !== null) ? 'human_edited' : 'human';
  return path.every(({ role, authorKind }) => role !== 'assistant' || authorKind === 'model') ? 'model' : 'import';
}
