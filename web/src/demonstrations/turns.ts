import { nextRole, type Message, type MessageRole, type ShownMessage } from '../../../shared/conversations.ts';
import { editDistance, ownWords } from '../../../shared/edit-distance.ts';

/**
 * A dialogue while it is being written. User and assistant speak in turn, after a system message or none; so turns are
 * inserted and deleted in pairs, except at the end. All pure.
 */
export interface Turn {
  /** Stays with a turn while others come and go. */
  readonly key: number;
  readonly role: MessageRole;
  readonly content: string;
  /** What the prompt said here; null where the trainer made the turn. */
  readonly given: string | null;
  /** What was put in from suggestions, in this order; it stays known however the text is edited. */
  readonly taken: readonly Taken[];
}
/** A suggestion, or a part of one, as it was put in. */
export interface Taken {
  readonly suggestionId: string;
  readonly inserted: string;
}
/** With the turn that it stands in, by its index; null where it does not stand any more. */
export type Placed = Taken & { readonly index: number | null };
export type Turns = readonly Turn[];

export interface Limits {
  /** Messages, the system message included. */
  maxTurns: number;
  /** UTF-16 code units in one message. */
  maxCharacters: number;
}

const blank = (key: number, role: MessageRole): Turn => ({ key, role, content: '', given: null, taken: [] });
const nextKey = (turns: Turns): number => Math.max(0, ...turns.map(({ key }) => key)) + 1;
const other = (role: MessageRole): MessageRole => (role === 'user' ? 'assistant' : 'user');

/** The prompt, and a blank turn for the side that writes next. */
export function beginning(prompt: readonly Message[]): Turns {
  return append(prompt.map(({ role, content }, key) => ({ key, role, content, given: content, taken: [] })));
}

/**
 * Turns from a stored draft or a reopened submission. `given` says per message which one of the prompt it was; where it
 * is not known, what stands as the prompt had it counts as given.
 */
export function turnsFrom(
  messages: readonly { role: MessageRole; content: string }[],
  given: readonly (number | null)[] | null,
  prompt: readonly Message[],
  placed: readonly Placed[] = [],
): Turns {
  return messages.map(({ role, content }, key) => {
    const index = given?.[key];
    const source =
      given === null
        ? prompt.find((one) => one.role === role && one.content === content)
        : index == null
          ? undefined
          : prompt[index];
    const taken = placed
      .filter(({ index }) => index === key)
      .map(({ suggestionId, inserted }) => ({ suggestionId, inserted }));
    return { key, role, content, given: source?.content ?? null, taken };
  });
}

/** For each turn which message of the prompt it was; null for the others. */
export function givenIndexes(turns: Turns, prompt: readonly Message[]): (number | null)[] {
  return turns.map(({ role, given }) => {
    const index = prompt.findIndex((message) => message.role === role && message.content === given);
    return index === -1 ? null : index;
  });
}

/** A turn with another text, and with what is known to be taken in it if that changes too. */
export function edit(turns: Turns, key: number, content: string, taken?: readonly Taken[]): Turns {
  return turns.map((turn) => (turn.key === key ? { ...turn, content, taken: taken ?? turn.taken } : turn));
}

/** What of suggestions stands in the dialogue, and what of `ever` was taken out again with the whole of its suggestion. */
export function placedOf(turns: Turns, ever: readonly Taken[]): Placed[] {
  const last = messagesOf(turns).length - 1;
  const standing = turns.flatMap(({ taken }, index) => (index > last ? [] : taken.map((one) => ({ ...one, index }))));
  const ids = new Set(standing.map(({ suggestionId }) => suggestionId));
  const gone = ever.filter(({ suggestionId }) => !ids.has(suggestionId)).map((one) => ({ ...one, index: null }));
  return [...standing, ...gone];
}

/** Of a hundred words that the trainer wrote (what stands as the prompt had it left out), how many are no suggestion's. */
export function ownShare(turns: Turns, ever: readonly Taken[]): number {
  const written = turns.filter(({ given, content }) => given !== content).map(({ content }) => content);
  return ownWords(
    written.join('\n\n'),
    placedOf(turns, ever).map(({ inserted }) => inserted),
  );
}

/** Whether a turn stands otherwise than the prompt had it. */
export function isChanged({ given, content }: Turn): boolean {
  return given !== null && given !== content;
}

/** Why moderation hides a turn, for as long as it stands as the prompt had it; absent where it does not. */
export function hiddenFor({ role, given, content }: Turn, prompt: readonly ShownMessage[]): ShownMessage['hidden'] {
  if (given !== content) return undefined;
  return prompt.find((message) => message.role === role && message.content === given)?.hidden;
}

/** Where a turn's text came from, as its margin says it; of several suggestions, the one of which most was inserted. */
export function markOf(turn: Turn): string {
  const { given, content, taken } = turn;
  if (given !== null && given === content) return 'given';
  if (taken.length === 0 || content.trim() === '') return isChanged(turn) ? 'edited' : '';
  const most = taken.reduce((most, { inserted }) => (inserted.length > most.length ? inserted : most), '');
  const distance = editDistance(most, content);
  return distance === 0 ? 'suggestion' : `from a suggestion, edited ${Math.max(1, Math.round(distance * 100))} %`;
}

/** A blank turn at the end, for the side that writes next. */
export function append(turns: Turns): Turns {
  return [...turns, blank(nextKey(turns), nextRole(turns))];
}

/**
 * A blank turn before or after the turn at `index` and, unless that is the end, the answer to it: a pair keeps the sides
 * in turn. @returns the turns and the key of the one to write first
 */
export function insert(turns: Turns, index: number, where: 'before' | 'after'): { turns: Turns; key: number } {
  const at = turns[index];
  const key = nextKey(turns);
  // Nothing stands before the system message; after it begins the dialogue.
  const position = at === undefined ? turns.length : at.role === 'system' || where === 'after' ? index + 1 : index;
  if (position >= turns.length) return { turns: append(turns), key };
  const following = turns[position];
  const role = following?.role ?? 'user';
  const pair = [blank(key, role), blank(key + 1, other(role))];
  return { turns: [...turns.slice(0, position), ...pair, ...turns.slice(position)], key };
}

/** How many turns `remove` takes away at `index`: the last one or the system message alone, others with their answer. */
export function removedCount(turns: Turns, index: number): 1 | 2 {
  return turns[index]?.role === 'system' || index >= turns.length - 1 ? 1 : 2;
}

export function remove(turns: Turns, index: number): Turns {
  const left = turns.filter((_, at) => at < index || at >= index + removedCount(turns, index));
  return left.some(({ role }) => role !== 'system') ? left : append(left);
}

export function addSystem(turns: Turns): Turns {
  return turns[0]?.role === 'system' ? turns : [blank(nextKey(turns), 'system'), ...turns];
}

/** What would be submitted: without blank turns at the end. */
export function messagesOf(turns: Turns): Message[] {
  const last = turns.findLastIndex(({ content }) => content.trim() !== '');
  return turns.slice(0, last + 1).map(({ role, content }) => ({ role, content }));
}

/** What keeps the dialogue from being submitted, in words, with the turn that it concerns; null where nothing does. */
export function faultOf(
  turns: Turns,
  { maxTurns, maxCharacters }: Limits,
): { text: string; key: number | null } | null {
  const messages = messagesOf(turns);
  const spoken = messages.filter(({ role }) => role !== 'system');
  if (spoken.length === 0) return { text: 'Nothing is written yet', key: null };
  const empty = messages.findIndex(({ content }) => content.trim() === '');
  if (empty !== -1) return { text: `Turn ${empty + 1} is empty`, key: turns[empty]?.key ?? null };
  const long = messages.findIndex(({ content }) => content.length > maxCharacters);
  if (long !== -1) return { text: `Turn ${long + 1} is too long`, key: turns[long]?.key ?? null };
  if (messages.length > maxTurns) return { text: `At most ${maxTurns} turns`, key: null };
  if (messages.at(-1)?.role !== 'assistant') return { text: 'The assistant has the last word', key: null };
  return null;
}
