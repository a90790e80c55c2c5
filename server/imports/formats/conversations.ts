import { z } from 'zod';
import { chain, dialogueOf, identity, type ImportedConversation, parsed } from './imported.ts';

const record = z.object({ ...identity, messages: z.unknown().optional() });

/** `{messages, id?, source?}`: a dialogue as it came; it asks for no work. */
export function readConversation(value: unknown): ImportedConversation {
  const { id, source, messages } = parsed(record, value);
  const dialogue = chain(dialogueOf(messages, 'messages'));
  return { kind: 'dialogue', id, source, messages: dialogue, wantsDemonstration: false, comparisons: [] };
}
