import { type Message, type MessageRole, orderFault } from '../../../shared/conversations.ts';
import type { Dialogue, Field, FieldType, Json } from '../examples.ts';

const text = (name: string, about: string): Field => ({ name, type: 'string', nullable: false, about });
export const roleField = text('role', '`system`, `user` or `assistant`.');
export const contentField = text('content', 'What is said.');

/** A list of `{role, content}`, as chat templates read it. */
export const messageList: FieldType = { list: { struct: [roleField, contentField] } };

/** Without what else an object of ours may bear. */
export function plain(messages: readonly Message[]): Json[] {
  return messages.map(({ role, content }) => ({ role, content }));
}

export function answer(content: string): Json[] {
  return [{ role: 'assistant', content }];
}

// ---- why a format cannot hold some messages: the same words for the same cause, so that they can be counted ----

/** For formats that have no system message. `what` is what cannot express it. */
export function systemFault(messages: readonly { role: MessageRole }[], what: string): string | null {
  return messages.some(({ role }) => role === 'system') ? `a system message, which ${what} cannot express` : null;
}

/** A prompt is to be answered. Only an import can have others. */
export function promptFault(prompt: readonly Message[]): string | null {
  return prompt.at(-1)?.role === 'user' ? null : 'a prompt that does not end with the user';
}

/** For formats that know who speaks by the order. `what` is what cannot express another order. */
export function turnsFault(messages: readonly Message[], what: string): string | null {
  return orderFault(messages) ? `turns that do not alternate, which ${what} cannot express` : null;
}

export function nothingLearnt({ turns }: Dialogue): string | null {
  return turns.some(({ role, trained }) => role === 'assistant' && trained)
    ? null
    : 'a dialogue of which no turn is to be learnt';
}

/** For formats in which the last turn is all that is learnt. */
export function lastNotLearnt({ turns }: Dialogue): string | null {
  return turns.at(-1)?.trained === true ? null : 'a dialogue whose last turn is not to be learnt';
}
