import type { Database } from '../../db/database.ts';
import type { Judged, Said } from '../examples.ts';
import { pages } from '../pages.ts';
import * as queries from '../queries/sources.ts';
import { factsOf, modelsOf, type NamedReading, originOf } from './facts.ts';
import { completionOf, found, type Messages, pathTo, plain, sizeOf } from './paths.ts';

/** What people said of model-written messages, as it stood at the moment. */
export async function* said(
  db: Database,
  scope: queries.Scope,
  reading: NamedReading,
): AsyncGenerator<{ examples: Said[]; sources: number }> {
  for await (const { rows, messages } of pages(async (after, limit) => {
    const rows = await queries.nextFeedback(db, scope, after, limit);
    const messages = await queries.selectMessagesOf(db, scope, [
      ...new Set(rows.map(({ conversation }) => conversation.id)),
    ]);
    return { rows, messages: new Map(messages.map((message) => [message.id, message])), size: sizeOf(messages) };
  }))
    yield { examples: rows.map((row) => saidOf(row, messages, reading)), sources: rows.length };
}

function saidOf(row: queries.FeedbackRow, messages: Messages, { nameOf, ...reading }: NamedReading): Said {
  const message = found(messages, row.messageId);
  return {
    shape: 'said',
    ...factsOf(reading, row.conversation),
    ...{ id: row.id, createdAt: row.at, trainers: [row.trainerId], task: 'chat', activeMs: 0 },
    origin: originOf(message),
    models: modelsOf([message]),
    prompt: message.parentId === null ? [] : pathTo(messages, message.parentId).map(plain),
    completion: completionOf(message),
    feedback: row.feedback,
    trainer: nameOf(row.trainerId),
  };
}

/** Thumbs, as completions that are good or bad by themselves. */
export function judgedBy(one: Said): Judged[] {
  const { feedback, trainer: _, ...rest } = one;
  return feedback.thumb === null ? [] : [{ ...rest, shape: 'judged', good: feedback.thumb === 'up' }];
}
