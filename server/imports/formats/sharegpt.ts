import { z } from 'zod';
import { content, type MessageRole } from '../../../shared/conversations.ts';
import {
  dialogue,
  identity,
  type ImportedConversation,
  inOrder,
  noTools,
  parsed,
  several,
  toolRoles,
} from './imported.ts';

/** Who speaks, as the files that go by this name have it. */
const speakers: Record<string, MessageRole> = {
  system: 'system',
  human: 'user',
  user: 'user',
  gpt: 'assistant',
  assistant: 'assistant',
  model: 'assistant',
  chatgpt: 'assistant',
  bot: 'assistant',
  bard: 'assistant',
  bing: 'assistant',
};

const speaker = z.string().transform((from, context): MessageRole => {
  const role = Object.hasOwn(speakers, from) ? speakers[from] : undefined;
  if (role !== undefined) return role;
  context.addIssue(
    toolRoles.has(from) ? noTools : `nobody known speaks here; known are ${Object.keys(speakers).join(', ')}`,
  );
  return z.NEVER;
});
const record = z.object({
  ...identity,
  system: z.string().nullish(),
  conversations: several(z.object({ from: speaker, value: content })),
});

/** `{conversations: [{from, value}], id?, system?}`: a dialogue as ShareGPT has it; turns that do not alternate are refused. */
export function readShareGpt(value: unknown): ImportedConversation {
  const { id, source, system, conversations } = parsed(record, value);
  const messages = conversations.map(({ from, value }) => ({ role: from, content: value }));
  inOrder(messages, 'conversations', 'from');
  if (system && messages[0]?.role !== 'system')
    messages.unshift({ role: 'system', content: parsed(content, system, 'system') });
  return dialogue({ id, source: source ?? 'sharegpt' }, messages);
}
