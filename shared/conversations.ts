import { z } from 'zod';
import { moderationCategory } from './moderation-terms.ts';

export const messageRole = z.enum(['system', 'user', 'assistant']);
export type MessageRole = z.infer<typeof messageRole>;

/** No message is longer than this, in UTF-16 code units; well above the 30,000 that completions reach. */
export const maxMessageCharacters = 200_000;
/** No conversation has more messages than this. */
export const maxMessages = 400;
/** A comparison has from 2 to 9 completions: a digit key names a place. */
export const minCompletions = 2;
export const maxCompletions = 9;

export const content = z
  .string()
  .max(maxMessageCharacters, `must have at most ${maxMessageCharacters} characters`)
  .refine((text) => text.trim() !== '', 'must not be empty');

export const message = z.strictObject({ role: messageRole, content });
export type Message = z.infer<typeof message>;

/** Why moderation hides a text: it stands behind a label that names these, until asked for. Absent where it is not hidden. */
export const hidden = z.array(moderationCategory).optional();

/** A message as a task shows it. */
export const shownMessage = z.object({ role: messageRole, content: z.string(), hidden });
export type ShownMessage = z.infer<typeof shownMessage>;

/** The side that writes after these messages: user and assistant in turn, system only first. */
export function nextRole(messages: readonly { role: MessageRole }[]): MessageRole {
  return messages.at(-1)?.role === 'user' ? 'assistant' : 'user';
}

/**
 * What is wrong with the order of a dialogue's roles, or null: an optional system message, then user and assistant
 * in turn, beginning with the user.
 */
export function orderFault(messages: readonly { role: MessageRole }[]): { index: number; message: string } | null {
  let expected: MessageRole = 'user';
  for (const [index, { role }] of messages.entries()) {
    if (role === 'system') {
      if (index > 0) return { index, message: 'a system message may only come first' };
      continue;
    }
    if (role !== expected) return { index, message: `expected the ${expected} to speak here, not the ${role}` };
    expected = role === 'user' ? 'assistant' : 'user';
  }
  return null;
}

/** Why a text cannot be stored, or null. */
export function textFault(text: string): string | null {
  if (text.includes('\0')) return 'holds a NUL character, which cannot be stored';
  if (!text.isWellFormed()) return 'holds half of a surrogate pair, which is no character';
  return null;
}
