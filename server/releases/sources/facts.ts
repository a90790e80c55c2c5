import type { Origin } from '../../../shared/releases.ts';
import type { TaskKind } from '../../../shared/projects.ts';
import type { Facts } from '../examples.ts';
import type { ConversationRow, MessageRow } from '../queries/sources.ts';

/** What reading needs to know beside the rows. */
export interface Reading {
  /** The near-duplicate group that stands for the one that a root was put into. */
  groupOf: (groupId: string) => string;
}

export interface NamedReading extends Reading {
  /** The name under which rows show a trainer. */
  nameOf: (trainerId: string | null) => string | null;
}

/** The facts of a conversation, without what depends on what is made of it. */
export function factsOf(
  { groupOf }: Reading,
  { id: conversationId, rootId, groupId, round, language, source, createdAt }: ConversationRow,
): Pick<Facts, 'conversationId' | 'group' | 'root' | 'round' | 'language' | 'source' | 'createdAt'> {
  // Before its beginning was looked at, as in a preview, a conversation stands for itself.
  const group = groupId === null ? conversationId : groupOf(groupId);
  return {
    ...{ conversationId, group, root: rootId ?? conversationId },
    ...{ round, language, source, createdAt },
  };
}

/** Where the text of a completion is from. */
export function originOf({ authorKind, generationId }: MessageRow): Origin {
  if (authorKind === 'trainer') return generationId === null ? 'human' : 'human_edited';
  return authorKind;
}

/** Of two or more texts: what they have in common, or else an import that does not say. */
export function commonOrigin(messages: readonly MessageRow[]): Origin {
  const kinds = new Set(messages.map(originOf));
  const [only] = kinds;
  return kinds.size === 1 && only !== undefined ? only : 'import';
}

export function modelsOf(messages: readonly MessageRow[]): string[] {
  return [
    ...new Set(messages.flatMap(({ authorKind, model }) => (authorKind === 'model' && model !== null ? model : []))),
  ];
}

/** The kind of task from which the answers to a prompt of this conversation come. */
export function taskOf(kind: ConversationRow['kind']): TaskKind | null {
  return kind === 'demonstration' ? 'demonstration' : kind === 'chat' ? 'chat' : null;
}
