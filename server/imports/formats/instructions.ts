import { z } from 'zod';
import { content, type Message } from '../../../shared/conversations.ts';
import { BadRecord, dialogue, identity, type ImportedConversation, parsed } from './imported.ts';

const text = z.string().nullish();
const alpaca = z.object({
  ...identity,
  system: text,
  history: z
    .array(z.tuple([content, content]))
    .max(100, 'must have at most 100 turns')
    .nullish(),
  instruction: content,
  input: text,
  output: z.unknown().optional(),
  instances: z.array(z.object({ input: text, output: z.unknown().optional() })).nullish(),
});
const dolly = z.object({ ...identity, instruction: content, context: text, response: content, category: text });

/**
 * `{instruction, input?, output}`: one turn, the input below the instruction. `system` and `history`, pairs of turns that went
 * before, are LLaMA-Factory's. Self-Instruct, of which Alpaca came, has input and output in `instances`: one of them is read.
 */
export function readAlpaca(value: unknown): ImportedConversation {
  const { id, source, system, history, instruction, instances, ...rest } = parsed(alpaca, value);
  if (instances && instances.length !== 1)
    throw new BadRecord(`instances: holds ${instances.length}, and a line is one dialogue`);
  const { input, output } = instances?.[0] ?? rest;
  const path = instances ? 'instances.0.output' : 'output';
  return dialogue({ id, source: source ?? 'alpaca' }, [
    ...(system ? [{ role: 'system' as const, content: parsed(content, system, 'system') }] : []),
    ...(history ?? []).flatMap(([asked, answered]) => turn(asked, answered)),
    ...turn(parsed(content, below(instruction, input), 'input'), parsed(content, output, path)),
  ]);
}

/** `{instruction, context?, response, category?}`: one turn, the context below the instruction. The category is kept. */
export function readDolly(value: unknown): ImportedConversation {
  const { id, source, instruction, context, response, category } = parsed(dolly, value);
  const asked = parsed(content, below(instruction, context), 'context');
  return {
    ...dialogue({ id, source: source ?? 'dolly' }, turn(asked, response)),
    ...(category != null && { extra: { category } }),
  };
}

const turn = (asked: string, answered: string): Message[] => [
  { role: 'user', content: asked },
  { role: 'assistant', content: answered },
];

function below(instruction: string, more: string | null | undefined): string {
  return more == null || more.trim() === '' ? instruction : `${instruction}\n\n${more}`;
}
