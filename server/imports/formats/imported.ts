import { z } from 'zod';
import {
  content,
  maxMessages,
  message,
  orderFault,
  textFault,
  type Message,
  type MessageRole,
} from '../../../shared/conversations.ts';

/** What every format is brought to. Numbers are indexes into `messages`, where a parent comes before its children. */
export interface ImportedConversation {
  /** `prompt`: to be answered or ranked here; `dialogue`: a dialogue or tree as it came. */
  kind: 'prompt' | 'dialogue';
  /** The import's own id. */
  id: string | null;
  source: string | null;
  messages: ImportedMessage[];
  /** True where trainers are to write an answer to the last message. */
  wantsDemonstration: boolean;
  comparisons: ImportedComparison[];
}

export interface ImportedMessage {
  /** Null for the root. */
  parent: number | null;
  role: MessageRole;
  content: string;
  authorKind: 'model' | 'import';
  model: string | null;
  externalId: string | null;
}

export interface ImportedComparison {
  /** The message that the completions answer. */
  prompt: number;
  completions: number[];
  rankings: ImportedRanking[];
}

export interface ImportedRanking {
  /** Name or email; null where it is nobody's own. */
  trainer: string | null;
  /** Ordered groups of indexes into the comparison's `completions`, best first. */
  groups: number[][];
}

/** A line that cannot be imported. The message says why and names the field. */
export class BadRecord extends Error {
  override readonly name = 'BadRecord';
}

/** Checks a part of a record. `path` is where it stands. Throws `BadRecord`. */
export function parsed<S extends z.ZodType>(schema: S, value: unknown, path = ''): z.output<S> {
  const result = schema.safeParse(value, { error: missing });
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = [path, ...(issue?.path ?? [])].filter((step) => step !== '').join('.');
  const what = issue?.message ?? 'cannot be read';
  throw new BadRecord(where === '' ? what : `${where}: ${what}`);
}

const missing: z.core.$ZodErrorMap = ({ code, input }) =>
  code === 'invalid_type' && input === undefined ? 'is missing' : undefined;

/** Longest id and source, in UTF-16 code units: an index holds at most 2,700 bytes. */
const maxNameCharacters = 500;

const name = z.string().max(maxNameCharacters, `must have at most ${maxNameCharacters} characters`);
const identifier = z.union([name, z.int()], {
  error: `must be a text of at most ${maxNameCharacters} characters or a whole number`,
});

/** Members that each format takes. A number and the text that it is written as are the same id. */
export const identity = {
  id: identifier.nullish().transform((id) => (id == null || id === '' ? null : String(id))),
  source: name.nullish().transform((source) => source ?? null),
};
export const modelName = z.string().max(200, 'must have at most 200 characters').nullish();

const turns = z
  .array(z.object(message.shape))
  .min(1, 'must not be empty')
  .max(maxMessages, `must have at most ${maxMessages} messages`);

/** A dialogue: an optional system message, then user and assistant in turn. Throws `BadRecord`. */
export function dialogueOf(value: unknown, path: string): Message[] {
  const messages = parsed(turns, value, path);
  const fault = orderFault(messages);
  if (fault) throw new BadRecord(`${path}.${fault.index}.role: ${fault.message}`);
  if (messages.at(-1)?.role === 'system') throw new BadRecord(`${path}: must have more than a system message`);
  return messages;
}

/** The prompt of a record: `prompt` as text or messages, or else `messages`; the user speaks last. Throws `BadRecord`. */
export function promptOf({ prompt, messages }: { prompt?: unknown; messages?: unknown }): Message[] {
  if (prompt != null && messages != null)
    throw new BadRecord('prompt: stands beside messages, and only one can be the prompt');
  if (typeof prompt === 'string') return [{ role: 'user', content: parsed(content, prompt, 'prompt') }];
  const path = messages == null ? 'prompt' : 'messages';
  const dialogue = dialogueOf(messages ?? prompt ?? undefined, path);
  if (dialogue.at(-1)?.role !== 'user') throw new BadRecord(`${path}: must end with the user`);
  return dialogue;
}

/** Messages of which each follows the one before. */
export function chain(messages: readonly Message[]): ImportedMessage[] {
  return messages.map(({ role, content }, index) => ({
    parent: index === 0 ? null : index - 1,
    role,
    content,
    authorKind: 'import',
    model: null,
    externalId: null,
  }));
}

/** Throws `BadRecord` where a text cannot be stored. Only texts that came by an escape can be such. */
export function refuseUnstorable({ id, source, messages, comparisons }: ImportedConversation): void {
  const texts = [
    id,
    source,
    ...messages.flatMap(({ content, model, externalId }) => [content, model, externalId]),
    ...comparisons.flatMap(({ rankings }) => rankings.map(({ trainer }) => trainer)),
  ];
  for (const text of texts) {
    const fault = text === null ? null : textFault(text);
    if (fault !== null) throw new BadRecord(fault);
  }
}
