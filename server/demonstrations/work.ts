import { v7 as newId } from 'uuid';
import { type Message, orderFault } from '../../shared/conversations.ts';
import type { DemonstrationTask } from '../../shared/demonstrations.ts';
import type { Draft, Submission } from '../../shared/tasks.ts';
import type { AuthorKind } from '../conversations/author.ts';
import type { Database } from '../db/database.ts';
import { invalid } from '../problem.ts';
import type { AssignmentRow, Standing } from '../tasks/queries/assignment.ts';
import type { WorkKind } from '../tasks/work-kind.ts';
import { selectDemonstration, submitDemonstration } from './queries.ts';

/** Demonstrations as work: a prompt to go on from, and the dialogue that a trainer makes of it. */
export const demonstrationWork: WorkKind = {
  kind: 'demonstration',

  view({ conversation }: AssignmentRow): DemonstrationTask {
    return { conversation };
  },

  result({ conversationId, limits, prompt }: Standing, submission: Submission) {
    if (!('messages' in submission)) throw invalid('messages', 'is required: this assignment is a demonstration');
    const { messages, comment = null } = submission;
    const given = givenMessages(messages, prompt);
    checkDialogue(messages, given, limits);
    const ids = messages.map(() => newId());
    return {
      statement: submitDemonstration,
      values: [
        newId(),
        conversationId,
        ids,
        ids.map((_, index) => ids[index - 1] ?? null),
        messages.map(({ role }) => role),
        messages.map(({ content }) => content),
        messages.map((_, index): AuthorKind => (given.has(index) ? 'import' : 'trainer')),
        comment,
      ],
    };
  },

  async submission(db: Database, { id }: Standing): Promise<Draft> {
    const written = await selectDemonstration(db, id);
    if (written === null) return {};
    const { messages, comment } = written;
    return { messages, ...(comment !== null && { comment }) };
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
  const fault = orderFault(messages);
  if (fault) throw invalid(`messages.${fault.index}.role`, fault.message);
  if (messages.at(-1)?.role !== 'assistant') throw invalid('messages', 'must end with a message of the assistant');
  const maxTurns = Math.max(limits.maxTurns, given.size + 1);
  if (messages.length > maxTurns) throw invalid('messages', `must be at most ${maxTurns}`);
  const long = messages.findIndex(({ content }, index) => content.length > limits.maxCharacters && !given.has(index));
  if (long >= 0) throw invalid(`messages.${long}.content`, `must have at most ${limits.maxCharacters} characters`);
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
