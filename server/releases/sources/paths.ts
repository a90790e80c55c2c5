import type { Message } from '../../../shared/conversations.ts';
import type { Completion } from '../examples.ts';
import type { MessageRow } from '../queries/sources.ts';

/** Messages of some conversations, to be found by id. */
export type Messages = ReadonlyMap<string, MessageRow>;

export function found(messages: Messages, id: string): MessageRow {
  const message = messages.get(id);
  if (!message) throw new Error(`message ${id} is missing from its conversation`);
  return message;
}

/** The messages from the root to this one. */
export function pathTo(messages: Messages, id: string): MessageRow[] {
  const path: MessageRow[] = [];
  for (let next: string | null = id; next !== null;) {
    const message: MessageRow = found(messages, next);
    path.push(message);
    next = message.parentId;
  }
  return path.reverse();
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

/** Alternatives that were sampled for a dialogue hang in its tree, but are no part of it. */
export function isOfDialogue({ authorKind, generationId }: MessageRow): boolean {
  return authorKind !== 'model' || generationId === null;
}

export const plain = ({ role, content }: Message): Message => ({ role, content });

export const completionOf = ({ id, content, model }: MessageRow): Completion => ({ id, content, model });

export const sizeOf = (messages: readonly { content: string }[]): number =>
  messages.reduce((sum, { content }) => sum + content.length, 0);
