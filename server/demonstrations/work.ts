import { newId } from '../db/ids.ts';
import { type Message, orderFault } from '../../shared/conversations.ts';
import type { DemonstrationTask } from '../../shared/demonstrations.ts';
import { ownWords } from '../../shared/edit-distance.ts';
import type { Draft, Submission } from '../../shared/tasks.ts';
import type { AuthorKind } from '../conversations/author.ts';
import type { Database } from '../db/database.ts';
import { judgeWritten } from '../moderation/written.ts';
import { invalid } from '../problem.ts';
import type { AssignmentRow, Standing } from '../tasks/queries/assignment.ts';
import type { Chance, WorkKind } from '../tasks/work-kind.ts';
import { originsOf, outcomesOf, type Taken } from './provenance.ts';
import { selectDemonstration, selectSuggestions, selectTaken, submitDemonstration } from './queries.ts';

/** Demonstrations as work: a prompt to go on from, and the dialogue that a trainer makes of it. */
export const demonstrationWork: WorkKind = {
  kind: 'demonstration',

  view({ conversation }: AssignmentRow): DemonstrationTask {
    return { conversation };
  },

  async result(standing: Standing, submission: Submission, chance: Chance) {
    if (!('messages' in submission)) throw invalid('messages', 'is required: this assignment is a demonstration');
    const { messages, suggestions = [], comment = null } = submission;
    const given = givenMessages(messages, standing.prompt);
    checkDialogue(messages, given, standing.limits);
    await checkTaken(chance.db, standing.id, messages, suggestions);
    const texts = messages.map(({ content }) => content);
    const written = texts.filter((_, index) => !given.has(index));
    checkOwnWords(written, suggestions, standing.ownWords);
    // What stands as the prompt had it comes from there, whatever was put in meanwhile.
    const taken = suggestions.map((one) =>
      one.index !== null && given.has(one.index) ? { ...one, index: null } : one,
    );
    const origins = originsOf(texts, taken);
    const outcomes = outcomesOf(texts, taken);
    const ids = messages.map(() => newId());
    const judged = messages.map(({ content }, index) => ({ index, id: ids[index] ?? '', content }));
    const also = await judgeWritten(
      chance,
      standing,
      judged.filter(({ index }) => !given.has(index)),
    );
    return {
      statement: submitDemonstration,
      values: [
        newId(),
        standing.conversationId,
        ids,
        ids.map((_, index) => ids[index - 1] ?? null),
        messages.map(({ role }) => role),
        texts,
        messages.map((_, index): AuthorKind => (given.has(index) ? 'import' : 'trainer')),
        comment,
        origins.map((origin) => origin?.suggestionId ?? null),
        origins.map((origin) => origin?.editDistance ?? null),
        outcomes.map(({ suggestionId }) => suggestionId),
        outcomes.map(({ fate }) => fate),
        outcomes.map(({ editDistance }) => editDistance),
        outcomes.map(({ taken }) => JSON.stringify(taken)),
      ],
      ...(also && { also }),
    };
  },

  async submission(db: Database, { id }: Standing): Promise<Draft> {
    const written = await selectDemonstration(db, id);
    if (written === null) return {};
    const { messages, comment } = written;
    const suggestions = await selectTaken(db, id);
    return { messages, ...(suggestions.length > 0 && { suggestions }), ...(comment !== null && { comment }) };
  },
};

/**
 * Throws `invalid` naming the message where a dialogue cannot be a demonstration. The project's limits are for what the
 * trainer wrote: a prompt may be longer than they allow.
 */
export function checkDialogue(
  messages: readonly Message[],
  given: ReadonlySet<number>,
  limits: { maxTurns: number; maxCharacters: number },
): void {
  checkTurns(messages, given, { ...limits, maxTurns: Math.max(limits.maxTurns, given.size + 1) });
  if (messages.at(-1)?.role !== 'assistant') throw invalid('messages', 'must end with a message of the assistant');
}

/** Throws `invalid` where messages are not in turn, or where there are more of them, or longer ones, than may be. */
export function checkTurns(
  messages: readonly Message[],
  given: ReadonlySet<number>,
  { maxTurns, maxCharacters }: { maxTurns: number; maxCharacters: number },
): void {
  const fault = orderFault(messages);
  if (fault) throw invalid(`messages.${fault.index}.role`, fault.message);
  if (messages.length > maxTurns) throw invalid('messages', `must be at most ${maxTurns}`);
  const long = messages.findIndex(({ content }, index) => content.length > maxCharacters && !given.has(index));
  if (long >= 0) throw invalid(`messages.${long}.content`, `must have at most ${maxCharacters} characters`);
}

/** Throws `invalid` where something is said to come from a suggestion, or to stand in a message, that there is not. */
async function checkTaken(
  db: Database,
  assignmentId: string,
  messages: readonly Message[],
  taken: readonly Taken[],
): Promise<void> {
  if (taken.length === 0) return;
  const known = await selectSuggestions(db, assignmentId, [...new Set(taken.map(({ suggestionId }) => suggestionId))]);
  for (const [place, { suggestionId, index }] of taken.entries()) {
    if (!known.has(suggestionId))
      throw invalid(`suggestions.${place}.suggestionId`, 'is no suggestion of this assignment');
    if (index !== null && index >= messages.length)
      throw invalid(`suggestions.${place}.index`, 'there is no such message');
  }
}

/** Throws `invalid` where too few of the words of these texts, which the trainer wrote, are the trainer's own. */
function checkOwnWords(texts: readonly string[], taken: readonly Taken[], wanted: number): void {
  if (wanted === 0) return;
  const inserted = taken.map((one) => one.inserted);
  const share = ownWords(texts.join('\n\n'), inserted);
  if (share < wanted)
    throw invalid('messages', `only ${share} % of the words are your own; this project asks for at least ${wanted} %`);
}

/** Which messages, by index, still stand as the prompt had them, in its order. The rest is the trainer's. */
export function givenMessages(messages: readonly Message[], prompt: readonly Message[]): Set<number> {
  const given = new Set<number>();
  for (const [index, { role, content }] of messages.entries()) {
    const next = prompt[given.size];
    if (next?.role === role && next.content === content) given.add(index);
  }
  return given;
}
