import { z } from 'zod';
import { content, maxMessages, type Message } from '../../../shared/conversations.ts';
import { BadRecord, chain, identity, type ImportedConversation, inOrder, parsed } from './imported.ts';

const record = z.object({ ...identity, chosen: z.string(), rejected: z.string() });

/**
 * `{chosen, rejected}`: two transcripts (`\n\nHuman: ...\n\nAssistant: ...`) that differ in the last answer. The answers become a
 * comparison, and that one was chosen a ranking by nobody in particular.
 */
export function readTranscripts(value: unknown): ImportedConversation {
  const { id, source, ...sides } = parsed(record, value);
  const chosen = transcriptOf(sides.chosen, 'chosen');
  const rejected = transcriptOf(sides.rejected, 'rejected');
  const last = chosen.length - 1;
  const parting = chosen.findIndex(({ content }, index) => content !== rejected[index]?.content);
  if (parting === -1 && rejected.length === chosen.length) throw new BadRecord('rejected: is the same text as chosen');
  if (parting !== last || rejected.length !== chosen.length)
    throw new BadRecord(
      `rejected: differs from chosen before the last answer already, at message ${parting === -1 ? last + 2 : parting + 1}`,
    );
  const messages = chain([...chosen, ...rejected.slice(last)]);
  for (const answer of messages.slice(last)) answer.parent = last - 1;
  return {
    ...{ kind: 'dialogue', id, source: source ?? 'hh', messages, wantsDemonstration: false },
    comparisons: [
      { prompt: last - 1, completions: [last, last + 1], rankings: [{ trainer: null, groups: [[0], [1]] }] },
    ],
  };
}

/** Throws `BadRecord` where it is no dialogue that ends with the assistant. */
function transcriptOf(transcript: string, path: string): Message[] {
  // Before the first speaker, and then by turns who speaks and what is said.
  const [before = '', ...parts] = transcript.split(/(?:^|\n\n)(Human|Assistant):/);
  if (before.trim() !== '' || parts.length === 0)
    throw new BadRecord(`${path}: must begin with "\\n\\nHuman:", and so on by turns with "\\n\\nAssistant:"`);
  if (parts.length > 2 * maxMessages) throw new BadRecord(`${path}: must have at most ${maxMessages} messages`);
  const messages: Message[] = [];
  for (let at = 0; at < parts.length; at += 2)
    messages.push({
      role: parts[at] === 'Human' ? 'user' : 'assistant',
      content: parsed(content, (parts[at + 1] ?? '').replace(/^ /, ''), `${path}.${at / 2}`),
    });
  inOrder(messages, path, 'role');
  if (messages.at(-1)?.role !== 'assistant') throw new BadRecord(`${path}: must end with the assistant`);
  return messages;
}
