import { z } from 'zod';
import { chain, identity, type ImportedConversation, parsed, promptOf } from './imported.ts';

const record = z.object({ ...identity, prompt: z.unknown().optional(), messages: z.unknown().optional() });

/** `{prompt | messages, id?, source?}`: something for trainers to answer. */
export function readPrompt(value: unknown): ImportedConversation {
  const { id, source, ...rest } = parsed(record, value);
  return { kind: 'prompt', id, source, messages: chain(promptOf(rest)), wantsDemonstration: true, comparisons: [] };
}
