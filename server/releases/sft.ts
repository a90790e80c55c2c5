import type { Origin } from '../../shared/releases.ts';
import type { Database } from '../db/database.ts';
import { pages } from './pages.ts';
import { type DialogueKind, dialogueKinds, type MessageRow, selectConversations, selectMessages } from './queries.ts';

/**
 * Rows for supervised fine-tuning, `{"messages": [{role, content}], "origin", "id"}`: demonstrations, then imported dialogues.
 * A dialogue ends with the assistant's last turn. Trees are left out, for they are no one dialogue.
 */
export async function* sftRows(db: Database, projectId: string): AsyncGenerator<string> {
  for (const kind of dialogueKinds)
    for await (const { rows, messages } of pages(async (after, limit) => {
      const ids = await selectConversations(db, projectId, kind, after, limit);
      const messages = await selectMessages(db, ids);
      return {
        rows: ids.map((id) => ({ id })),
        messages: Map.groupBy(messages.filter(isOfDialogue), ({ conversationId }) => conversationId),
        size: messages.reduce((sum, { content }) => sum + content.length, 0),
      };
    }))
      for (const { id } of rows) {
        const dialogue = answeredPath(messages.get(id) ?? []);
        if (dialogue !== null) yield sftRow(id, kind, dialogue);
      }
}

function sftRow(id: string, kind: DialogueKind, dialogue: readonly MessageRow[]): string {
  const messages = dialogue.map(({ role, content }) => ({ role, content }));
  return `${JSON.stringify({ messages, origin: originOf(kind, dialogue), id })}\n`;
}

function originOf(kind: DialogueKind, dialogue: readonly MessageRow[]): Origin {
  if (kind === 'demonstration')
    return dialogue.some(({ generationId }) => generationId !== null) ? 'human_edited' : 'human';
  const byModel = dialogue.every(({ role, authorKind }) => role !== 'assistant' || authorKind === 'model');
  return byModel ? 'model' : 'import';
}

/** Alternatives that were sampled for a dialogue hang in its tree, but are no part of it. */
function isOfDialogue({ authorKind, generationId }: MessageRow): boolean {
  return authorKind !== 'model' || generationId === null;
}

/** The messages from the root to the assistant's last; null where they are a tree or the assistant never speaks. */
export function answeredPath<M extends Pick<MessageRow, 'id' | 'parentId' | 'role'>>(
  messages: readonly M[],
): M[] | null {
  const byParent = new Map(messages.map((message) => [message.parentId, message]));
  if (byParent.size < messages.length) return null;
  const path: M[] = [];
  for (let next = byParent.get(null); next; next = byParent.get(next.id)) path.push(next);
  const last = path.findLastIndex(({ role }) => role === 'assistant');
  return last === -1 ? null : path.slice(0, last + 1);
}
