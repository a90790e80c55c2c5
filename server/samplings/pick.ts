import type { MessageRole } from '../../shared/conversations.ts';
import type { AuthorKind } from '../conversations/author.ts';
import { mulberry32 } from '../seeded.ts';

/** A message of a chat, as far as picking one needs to know it. */
export interface ChatNode {
  id: string;
  parentId: string | null;
  role: MessageRole;
  authorKind: AuthorKind;
}

/** Ids of messages that are not to be picked. */
export interface NotToPick {
  /** The model did not end it: a person or a failure did. */
  stopped: ReadonlySet<string>;
  reported: ReadonlySet<string>;
  /** By moderation. */
  blocked: ReadonlySet<string>;
}

export interface Pick {
  messageId: string;
  /** The message that it answers. */
  parentId: string;
  /** How many were eligible. */
  from: number;
}

/**
 * The message of a chat for which alternatives are sampled; null where none is eligible. Uniform over what the model wrote
 * and ended on any branch of the tree, with at least `minDepth` messages of the user on its path. `messages` is the whole
 * tree as the chat had it, in any order; the same seed picks the same message.
 */
export function pick(
  messages: readonly ChatNode[],
  { minDepth }: { minDepth: number },
  { stopped, reported, blocked }: NotToPick,
  seed: number,
): Pick | null {
  const byId = new Map(messages.map((message) => [message.id, message]));
  /** How often the user has spoken, up to and with a message. */
  const depth = (id: string): number => {
    let users = 0;
    for (let next = byId.get(id); next; next = next.parentId === null ? undefined : byId.get(next.parentId))
      if (next.role === 'user') users += 1;
    return users;
  };
  const eligible = messages
    .flatMap(({ parentId, ...message }) => {
      const answers = message.role === 'assistant' && message.authorKind === 'model' && parentId !== null;
      const { id } = message;
      if (!answers || stopped.has(id) || reported.has(id) || blocked.has(id) || depth(parentId) < minDepth) return [];
      return { messageId: id, parentId };
    })
    .toSorted((a, b) => (a.messageId < b.messageId ? -1 : 1));
  const picked = eligible[Math.floor(mulberry32(seed)() * eligible.length)];
  return picked === undefined ? null : { ...picked, from: eligible.length };
}
