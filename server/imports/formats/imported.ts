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
  /** What else the record said of the whole, to be given out again. It does not tell one conversation from another. */
  extra?: Extra;
  /** The same of each message, by its index; absent where it said nothing of any. */
  extras?: (Extra | null)[];
  /** True where trainers are to write an answer to the last message. */
  wantsDemonstration: boolean;
  comparisons: ImportedComparison[];
}

/** Members of a record as they came, checked by `kept`. */
export type Extra = Readonly<Record<string, unknown>>;

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

/** Roles under which programs speak in the formats of others. */
export const toolRoles: ReadonlySet<unknown> = new Set([
  'tool',
  'function',
  'function_call',
  'observation',
  'tool_call',
  'tool_response',
]);
/** Why these are refused. */
export const noTools = 'calls of tools and what they answer cannot be held, only what is said';

const missing: z.core.$ZodErrorMap = ({ code, input }) =>
  code === 'invalid_type' && input === undefined
    ? 'is missing'
    : code === 'invalid_value' && toolRoles.has(input)
      ? noTools
      : undefined;

/** Nothing that is kept as it came is nested deeper. */
const maxDepth = 16;

/** Members to be kept as they came. Throws `BadRecord` where one is nested too deep to be stored. */
export function kept(extra: Extra, path = ''): Extra {
  for (const [name, value] of Object.entries(extra)) {
    if (deeper(value, maxDepth))
      throw new BadRecord(`${path === '' ? '' : `${path}.`}${name}: is nested more than ${maxDepth} deep`);
  }
  return extra;
}

/** Whether a value is nested deeper than so many levels. */
export function deeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((inner) => deeper(inner, depth - 1));
}

/** All texts in a value, the names of members too. */
export function* textsIn(value: unknown): Generator<string> {
  if (typeof value === 'string') yield value;
  else if (typeof value === 'object' && value !== null)
    for (const [name, inner] of Object.entries(value)) {
      yield name;
      yield* textsIn(inner);
    }
}

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

/** An array with as many members as a dialogue may have messages. */
export const several = <S extends z.ZodType>(one: S): z.ZodArray<S> =>
  z.array(one).min(1, 'must not be empty').max(maxMessages, `must have at most ${maxMessages} messages`);

const turns = several(z.object(message.shape));

/** A dialogue: an optional system message, then user and assistant in turn. Throws `BadRecord`. */
export function dialogueOf(value: unknown, path: string): Message[] {
  return inOrder(parsed(turns, value, path), path, 'role');
}

/** The same messages, if they are a dialogue. `member` is where each says who speaks. Throws `BadRecord`. */
export function inOrder<M extends Message>(messages: M[], path: string, member: string): M[] {
  const fault = orderFault(messages);
  if (fault) throw new BadRecord(`${path}.${fault.index}.${member}: ${fault.message}`);
  if (messages.at(-1)?.role === 'system') throw new BadRecord(`${path}: must have more than a system message`);
  return messages;
}

/** A dialogue as it came; it asks for no work. */
export function dialogue(
  identity: Pick<ImportedConversation, 'id' | 'source'>,
  messages: readonly Message[],
): ImportedConversation {
  return { kind: 'dialogue', ...identity, messages: chain(messages), wantsDemonstration: false, comparisons: [] };
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
export function refuseUnstorable({ id, source, messages, extra, extras, comparisons }: ImportedConversation): void {
  const texts = [
    id,
    source,
    ...messages.flatMap(({ content, model, externalId }) => [content, model, externalId]),
    ...comparisons.flatMap(({ rankings }) => rankings.map(({ trainer }) => trainer)),
    ...textsIn([extra, extras]),
  ];
  for (const text of texts) {
    const fault = text === null ? null : textFault(text);
    if (fault !== null) throw new BadRecord(fault);
  }
}
