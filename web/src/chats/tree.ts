import type { ChatMessage } from '../../../shared/chats.ts';

/** One message of the path that is shown, with those that stand in its place on other branches. */
export interface Step {
  message: ChatMessage;
  /** Ids of the message and its siblings, the oldest first. */
  siblings: readonly string[];
}

/**
 * The path that leads through `chosen`, and from there on along what was said last. Where nothing is chosen, or what was
 * is not there, the path of what was said last from the beginning.
 */
export function pathThrough(messages: readonly ChatMessage[], chosen: string | null): Step[] {
  const byId = new Map(messages.map((message) => [message.id, message]));
  const byParent = Map.groupBy(messages.toSorted(byAge), ({ parentId }) => parentId);
  const path: ChatMessage[] = [];
  for (let at = chosen; at !== null;) {
    const message = byId.get(at);
    if (message === undefined) break;
    path.unshift(message);
    at = message.parentId;
  }
  for (;;) {
    const next = byParent.get(path.at(-1)?.id ?? null)?.at(-1);
    if (next === undefined) break;
    path.push(next);
  }
  return path.map((message) => ({
    message,
    siblings: (byParent.get(message.parentId) ?? []).map(({ id }) => id),
  }));
}

/** Ids are made in the order of time, so they settle what the clock does not. */
function byAge(a: ChatMessage, b: ChatMessage): number {
  return a.createdAt < b.createdAt ? -1 : a.createdAt > b.createdAt ? 1 : a.id < b.id ? -1 : 1;
}

/** Why nothing can be said below this message, in words; null where it can. */
export function sayFault(last: ChatMessage | null): string | null {
  if (last === null || last.role === 'system') return null;
  if (last.role === 'user') return 'What was said last has no answer yet';
  switch (last.stream?.state) {
    case 'waiting':
    case 'streaming':
      return 'The answer is still being written';
    case 'failed':
      return 'The last answer failed: ask for it again';
    default:
      return last.content.trim() === '' ? 'The last answer is empty: ask for it again' : null;
  }
}

/** Where a chat can end that has come this far: at its last answer, if it has a whole one and none is being written. */
export function endOf(path: readonly ChatMessage[]): { leafId: string } | { fault: string } {
  const leaf = path.findLast(({ content, stream }) => stream && stream.state !== 'failed' && content.trim() !== '');
  if (leaf === undefined || !path.some(({ stream }) => stream?.state === 'done')) {
    return { fault: 'No whole answer yet' };
  }
  return { leafId: leaf.id };
}
