import { z } from 'zod';
import { message } from '../../../shared/conversations.ts';
import {
  BadRecord,
  dialogue,
  identity,
  type ImportedConversation,
  inOrder,
  noTools,
  parsed,
  several,
} from './imported.ts';

const record = z.object({ ...identity, messages: z.unknown().optional() });
const turns = several(
  z.object({
    ...message.shape,
    weight: z.literal([0, 1], 'must be 0 or 1').nullish(),
    tool_calls: z.unknown().optional(),
  }),
);

/**
 * `{messages, id?, source?}`: a dialogue as it came, as OpenAI's fine-tuning takes it too. The `weight` of an assistant's message
 * (0: it is no example to learn from) is kept in the message's `extra`.
 */
export function readConversation(value: unknown): ImportedConversation {
  const { messages, ...rest } = parsed(record, value);
  const said = inOrder(parsed(turns, messages, 'messages'), 'messages', 'role');
  const called = said.findIndex(({ tool_calls }) => tool_calls != null);
  if (called !== -1) throw new BadRecord(`messages.${called}.tool_calls: ${noTools}`);
  const imported = dialogue(rest, said);
  if (said.some(({ weight }) => weight != null))
    imported.extras = said.map(({ weight }) => (weight == null ? null : { weight }));
  return imported;
}
