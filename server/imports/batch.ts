import { hash } from 'node:crypto';
import { newId } from '../db/ids.ts';
import type { Extra, ImportedConversation } from './formats/imported.ts';
import { positions } from '../tasks/claim.ts';
import type { Columns, Ranked } from './queries.ts';

/** One line in a batch, and what becomes of it if its conversation is new. */
export interface Entry {
  line: number;
  conversationId: string;
  /** What is told of it if it was there before. */
  name: string;
  importKey: string;
  contentHash: string;
  messages: number;
  comparisons: number;
  rankings: number;
  tasks: number;
}

const nobody: readonly string[] = [];

/**
 * Lines that are written together, turned into the columns of one statement as they come. Ids grow in the order of the
 * lines, and so do the rows of an export.
 */
export class Batch {
  readonly entries: Entry[] = [];
  readonly ranked: Ranked[] = [];
  readonly columns: Columns = {
    conversations: { id: [], kind: [], source: [], importKey: [], contentHash: [], dialogue: [], extra: [] },
    messages: {
      id: [],
      conversationId: [],
      parentId: [],
      role: [],
      content: [],
      authorKind: [],
      model: [],
      externalId: [],
      extra: [],
    },
    comparisons: { id: [], conversationId: [], promptMessageId: [], completionIds: [] },
    tasks: { id: [], kind: [], conversationId: [], promptMessageId: [], comparisonId: [], submitted: [], position: [] },
  };
  /** UTF-16 code units of text. */
  size = 0;

  add(line: number, family: string, imported: ImportedConversation, random: () => number): void {
    const conversationId = newId();
    const { conversations, messages, comparisons, tasks } = this.columns;
    // The source is left out: the same text from elsewhere is still the same text. So is what else was said of it.
    const contentHash = hash(
      'sha256',
      JSON.stringify([imported.messages, imported.comparisons, imported.wantsDemonstration]),
    );
    const importKey = imported.id === null ? `${family}:sha256:${contentHash}` : `${family}:id:${imported.id}`;
    conversations.id.push(conversationId);
    conversations.kind.push(imported.kind);
    conversations.source.push(imported.source);
    conversations.importKey.push(importKey);
    conversations.contentHash.push(contentHash);
    conversations.dialogue.push(
      imported.messages.every(({ parent }, index) => parent === (index === 0 ? null : index - 1)) &&
        imported.messages.some(({ role }) => role === 'assistant'),
    );

    if (imported.extra) this.#keep(conversations, imported.extra);

    const messageIds: string[] = [];
    for (const { parent, role, content, authorKind, model, externalId } of imported.messages) {
      const id = newId();
      messageIds.push(id);
      messages.id.push(id);
      messages.conversationId.push(conversationId);
      messages.parentId.push(parent === null ? null : at(messageIds, parent));
      messages.role.push(role);
      messages.content.push(content);
      messages.authorKind.push(authorKind);
      messages.model.push(model);
      messages.externalId.push(externalId);
      const extra = imported.extras?.[messageIds.length - 1];
      if (extra) this.#keep(messages, extra);
      this.size += content.length;
    }

    const addTask = (
      kind: 'demonstration' | 'comparison',
      prompt: string,
      comparison: string | null,
      trainers: readonly string[],
    ) => {
      const id = newId();
      tasks.id.push(id);
      tasks.kind.push(kind);
      tasks.conversationId.push(conversationId);
      tasks.promptMessageId.push(prompt);
      tasks.comparisonId.push(comparison);
      tasks.submitted.push(trainers.length);
      tasks.position.push(Math.floor(random() * positions));
      return id;
    };
    if (imported.wantsDemonstration) addTask('demonstration', at(messageIds, messageIds.length - 1), null, nobody);
    let rankings = 0;
    for (const { prompt, completions, rankings: past } of imported.comparisons) {
      const comparisonId = newId();
      const promptId = at(messageIds, prompt);
      comparisons.id.push(comparisonId);
      comparisons.conversationId.push(conversationId);
      comparisons.promptMessageId.push(promptId);
      comparisons.completionIds.push(`{${completions.map((index) => at(messageIds, index)).join(',')}}`);
      const trainers = past.flatMap(({ trainer }) => trainer ?? []);
      const taskId = addTask('comparison', promptId, comparisonId, trainers);
      for (const { trainer, groups } of past) {
        const assignmentId = trainer === null ? null : newId();
        this.ranked.push({
          id: newId(),
          conversationId,
          comparisonId,
          taskId,
          assignmentId,
          trainer,
          groups: JSON.stringify(groups),
        });
      }
      rankings += past.length;
    }

    this.entries.push({
      line,
      conversationId,
      name: imported.id === null ? 'this' : `id ${imported.id}`,
      importKey,
      contentHash,
      messages: imported.messages.length,
      comparisons: imported.comparisons.length,
      rankings,
      tasks: imported.comparisons.length + (imported.wantsDemonstration ? 1 : 0),
    });
  }

  /** Of the last row. Those before it that have none are filled up only now: most files have nowhere any. */
  #keep(rows: { id: string[]; extra: (string | null)[] }, extra: Extra): void {
    const text = JSON.stringify(extra);
    while (rows.extra.length < rows.id.length - 1) rows.extra.push(null);
    rows.extra.push(text);
    this.size += text.length;
  }
}

/** The id of a message that was numbered before; formats put a parent before its children. */
function at(ids: readonly string[], index: number): string {
  const id = ids[index];
  if (id === undefined) throw new Error(`there is no message ${index} before this one`);
  return id;
}
