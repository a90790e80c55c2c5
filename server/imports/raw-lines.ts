import { hash } from 'node:crypto';
import { textFault } from '../../shared/conversations.ts';
import { type RawLine, rawLine, type RawOf } from '../../shared/raw.ts';
import { BadRecord, deeper, parsed, textsIn } from './formats/imported.ts';
import { mayBeUnstorable } from './intake.ts';

/** No line is nested deeper. */
const maxDepth = 32;

/** A line of raw data with its number. */
export interface Taken<L extends RawLine = RawLine> {
  line: number;
  raw: L;
}

/** Why an id cannot be taken. */
export const elsewhere = (id: string): string => `id ${id} is taken by something else here`;

/** Throws `BadRecord`. */
export function readRaw(value: unknown, text: string): RawLine {
  if (deeper(value, maxDepth)) throw new BadRecord(`is nested more than ${maxDepth} deep`);
  if (mayBeUnstorable(text))
    for (const inner of textsIn(value)) {
      const fault = textFault(inner);
      if (fault !== null) throw new BadRecord(fault);
    }
  return parsed(rawLine, value);
}

/** The lines of a batch by what they are. */
export function sorted(batch: readonly Taken[]) {
  const of = <T extends RawLine['type']>(type: T) =>
    batch.filter((taken): taken is Taken<RawOf<T>> => taken.raw.type === type);
  return {
    headers: of('duologue'),
    people: of('person'),
    rounds: of('round'),
    conversations: of('conversation'),
    comparisons: of('comparison'),
    rankings: of('ranking'),
    feedback: of('feedback'),
  };
}

/** Names of the models of which more is to be stored than the name. */
export function modelsOf(raw: RawLine): string[] {
  if (raw.type === 'round') return [raw.policyModel, ...raw.mix.map(({ model }) => model)];
  if (raw.type === 'comparison') return raw.sampling?.mix.map(({ model }) => model) ?? [];
  if (raw.type === 'conversation') return raw.messages.flatMap(({ generation }) => generation?.model ?? []);
  return [];
}

export function messagesFault(
  raw: RawOf<'conversation'>,
  taken: ReadonlyMap<string, { conversationId: string }>,
): string | null {
  const before = new Set<string>();
  for (const [index, { id, parent }] of raw.messages.entries()) {
    if (parent !== null && !before.has(parent)) return `messages.${index}.parent: is no message before it`;
    if (before.has(id)) return `messages.${index}.id: is that of a message before it`;
    if (taken.has(id)) return `messages.${index}: ${elsewhere(id)}`;
    before.add(id);
  }
  return endingsFault(raw, before);
}

/** `messages`: the ids of the conversation's own. */
function endingsFault({ kind, endings }: RawOf<'conversation'>, messages: ReadonlySet<string>): string | null {
  if ((kind === 'chat') !== (endings !== null)) return 'endings: a chat has them, and nothing else';
  const before = new Set<string>();
  for (const [index, { id, leaf }] of (endings ?? []).entries()) {
    if (!messages.has(leaf)) return `endings.${index}.leaf: is no message of it`;
    if (before.has(id)) return `endings.${index}.id: is that of one before it`;
    before.add(id);
  }
  const standing = endings?.filter(({ withdrawnAt }) => withdrawnAt === null) ?? [];
  return standing.length > 1 ? 'endings: more than one of them stands' : null;
}

/** Groups need not name every completion: an import may have ranked only some. */
export function rankingFault({ groups, shown }: RawOf<'ranking'>, completions: number): string | null {
  for (const [path, indexes] of [['groups', groups.flat()] as const, ['shown', shown ?? []] as const]) {
    if (indexes.some((index) => index >= completions)) return `${path}: names a completion that is not there`;
    if (new Set(indexes).size < indexes.length) return `${path}: names a completion twice`;
  }
  return null;
}

/** The task about a conversation or a comparison: always of the same id, so that work on it finds it. */
export function taskOf(id: string): string {
  const digits = hash('sha256', `task ${id}`, 'hex');
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
}
