import type { Asked } from '../provider.ts';

type Messages = Asked['messages'];

const forUser = `You write the lines of the person who talks to an assistant. You are shown their dialogue so far. \
Write what this person says next: one message, in their language and manner, that carries the conversation on. \
Write the message alone, without quotation marks, without a name before it and without a word about it.`;

const names = { system: 'Instructions to the assistant', user: 'Person', assistant: 'Assistant' };

/**
 * The messages to ask a model with. Models are made to write the assistant's turn, which follows a user's message; for the
 * turn of the user, the dialogue is shown as a transcript.
 */
export function promptFor({ messages, role }: Pick<Asked, 'messages' | 'role'>): Messages {
  if (role === 'assistant') return messages;
  const transcript = messages.map(({ role, content }) => `${names[role]}: ${content}`).join('\n\n');
  const task =
    messages.length === 0
      ? 'The dialogue has not begun. Write the first message, about any matter that a person may bring to an assistant.'
      : `The dialogue so far:\n\n${transcript}\n\nWrite the person's next message.`;
  return [
    { role: 'system', content: forUser },
    { role: 'user', content: task },
  ];
}

/** The same for a server that takes no system messages: what they say opens the first message of the user. */
export function withoutSystem(messages: Messages): Messages {
  const said = messages.filter(({ role }) => role === 'system').map(({ content }) => content);
  const others = messages.filter(({ role }) => role !== 'system');
  const [first, ...rest] = others;
  if (said.length === 0) return messages;
  if (first?.role !== 'user') return [{ role: 'user', content: said.join('\n\n') }, ...others];
  return [{ role: 'user', content: [...said, first.content].join('\n\n') }, ...rest];
}
